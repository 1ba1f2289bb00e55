//! What a socket tester has to be able to exercise, row by row, and the tests that do it over real sockets, in the
//! window, and from the command line.
//!
//! Rows B are what the socket module of Python has, rows C the families, types and addresses. The programs of the
//! tutorials (A1 to A23) and the protocols of their tables are named in `programs`, `programs_udp`, `cli_programs` and
//! `cli_protocols`.

use std::path::Path;

/// Its id, what it is, and the tests: `FILE::TEST` of this folder, or `src/FILE::TEST`.
type Row = (&'static str, &'static str, &'static [&'static str]);

const ROWS: &[Row] = &[
    (
        "B1",
        "socket(family, type, proto): pairs that the system refuses, in its own words",
        &[
            "src/lookup/trying.rs::the_kernel_answers_in_its_own_words",
            "src/lookup/trying.rs::what_opens_is_closed_again",
            "src/lookup/trying.rs::names_and_numbers_mean_the_same",
        ],
    ),
    (
        "B2",
        "bind: port 0 shows the real one; in use, not ours and privileged are explained",
        &[
            "tcp_server::the_listener_and_its_connections_are_recorded",
            "udp::the_socket_and_its_peers_are_recorded",
            "window::a_port_in_use_fails_with_name_number_and_advice",
            "sockets::b2_what_can_not_be_bound_is_explained",
        ],
    ),
    (
        "B3",
        "listen(n): a backlog of 0 to 4096",
        &["sockets::b3_a_backlog_from_0_to_4096", "limits::those_beyond_the_most_wait_in_the_backlog"],
    ),
    (
        "B4",
        "accept never blocks the window",
        &[
            "window::listen_receive_and_answer",
            "programs::a_silent_client_delays_nobody",
            "quitting::nothing_runs_while_nothing_happens",
            "tls::silent_clients_delay_nobody_and_end",
        ],
    ),
    (
        "B5",
        "connect, with a limit and a way to cancel it",
        &[
            "tcp_client::no_answer_meets_the_time_limit",
            "tcp_client::an_attempt_can_be_canceled",
            "tcp_client::a_hanging_resolver_can_be_canceled",
            "attempts::when_all_fail_the_error_tells_of_each",
        ],
    ),
    (
        "B6",
        "connect_ex: the error's number, name and sentence",
        &["sockets::b6_a_refused_connection_has_number_name_and_sentence", "window::a_refused_connection_says_so"],
    ),
    (
        "B7",
        "recv(n): read sizes of 1 byte to 1 MiB, the boundaries of reads on demand",
        &[
            "limits::each_read_has_its_size",
            "limits::a_stream_is_read_as_a_program_would",
            "limits_cli::reads_have_their_size",
            "framing::what_was_recorded_switches_between_chunks_and_frames",
        ],
    ),
    (
        "B8",
        "send: what the kernel took of a payload is seen",
        &["queues::what_waits_is_told_and_can_be_dropped", "calls_traced::a_server_shows_what_strace_sees"],
    ),
    (
        "B9",
        "sendall: the default, with progress and a way to cancel it",
        &[
            "queues::what_waits_is_told_and_can_be_dropped",
            "files::every_client_gets_every_byte",
            "files::a_peer_that_reads_nothing_holds_it_up_within_bounds_until_it_is_given_up",
            "outgoing::what_waits_for_a_peer_is_shown_and_can_be_dropped",
        ],
    ),
    (
        "B10",
        "recvfrom and sendto",
        &["udp::datagrams_of_any_size_cross_whole", "window::datagrams_go_to_the_target_and_come_from_anyone"],
    ),
    (
        "B11",
        "getpeername and getsockname of each connection, IPv6 with its scope",
        &[
            "tcp_client::both_ends_are_known_and_bytes_go_both_ways",
            "dual_stack::scopes_by_number_and_by_name",
            "dual_stack::a_link_local_address_without_its_interface_is_explained",
        ],
    ),
    (
        "B12",
        "getsockopt and setsockopt: a list with current values, before and after bind, read back",
        &[
            "options::a_table_has_what_is_now_and_what_a_fresh_socket_has",
            "options::what_is_set_before_listening_is_so_on_the_listener_and_on_its_connections",
            "options::what_is_set_while_it_runs_is_so_at_once_and_is_a_record",
            "options::datagrams_have_theirs_before_and_after",
            "options_window::an_option_is_typed_refused_set_and_shown_as_the_kernel_has_it",
        ],
    ),
    (
        "B13",
        "close, abort and shutdown apart",
        &[
            "tcp_closing::finishing_first_still_receives",
            "tcp_closing::closing_sends_what_is_queued_and_records_what_still_comes",
            "tcp_closing::an_abort_is_a_reset_and_says_what_was_lost",
            "calls::an_abort_shows_how_it_is_done",
            "programs::either_side_ends_a_talk",
        ],
    ),
    (
        "B14",
        "setblocking: a \"receive now\" that shows EAGAIN",
        &[
            "limits::a_person_receives_by_hand",
            "limits::datagrams_are_received_by_hand_one_by_one",
            "limits_window::a_person_receives_by_hand",
        ],
    ),
    (
        "B15",
        "settimeout and gettimeout: a limit for each operation, shown",
        &[
            "limits::a_silent_connection_is_closed_in_order",
            "limits::what_is_sent_does_not_lengthen_the_receive_limit",
            "limits::limits_may_change_while_it_runs",
            "tcp_client::no_answer_meets_the_time_limit",
            "limits_window::a_limit_is_set_while_the_server_runs_and_errors_stand_at_their_field",
        ],
    ),
    ("B16", "fileno: the descriptor", &["limits::descriptors_are_known"]),
    (
        "B17",
        "makefile: lines; a stream to a file, a file to a stream",
        &[
            "rules::lines_are_answered_however_they_come",
            "recording_window::what_happens_from_now_on_is_recorded_until_it_is_stopped",
            "window::the_bytes_of_one_direction_are_saved_alone",
            "outgoing::a_file_is_sent_and_its_line_says_how_it_went",
            "files::a_pipe_is_sent_as_it_comes",
            "cli::standard_input_is_sent_as_it_is",
        ],
    ),
    (
        "B18",
        "encode and decode: UTF-8, GBK, GB18030, Latin-1, UTF-16; bad bytes are seen, and no error",
        &[
            "composer::text_goes_in_its_encoding",
            "encodings::rows_that_are_there_are_read_anew_in_the_chosen_encoding",
            "encodings::characters_that_come_byte_by_byte_are_whole",
            "detail::text_is_read_in_the_chosen_encoding",
        ],
    ),
    (
        "B19",
        "sys.argv and input: the command line",
        &[
            "cli::lines_go_to_all_or_to_one",
            "cli::payloads_are_sent_in_order_with_variables",
            "cli::what_can_not_be_understood_has_status_2",
        ],
    ),
    (
        "B20",
        "try and except: an error is a record, and the session lives on",
        &[
            "udp::a_refused_datagram_is_a_record_and_receiving_goes_on",
            "crowd::without_descriptors_the_listener_lives_on",
            "unix::b_errors_of_connect_are_explained",
            "unix_datagrams::b_errors_of_sendto_are_explained",
        ],
    ),
    (
        "C1",
        "IPv4 and IPv6, streams and datagrams: dual stack, v6-only, scope ids, mapped addresses as IPv4",
        &[
            "dual_stack::a_dual_stack_listener_shows_ipv4_clients_as_ipv4",
            "dual_stack::a_v6_only_listener_leaves_ipv4_to_others",
            "dual_stack::a_dual_stack_udp_socket_answers_both",
            "dual_stack::scopes_by_number_and_by_name",
            "dual_stack::a_family_is_forced_on_the_command_line",
            "multicast_pair::socat_over_every_family_both_ends",
            "multicast_pair::a_black_holed_family_costs_its_head_start_alone",
        ],
    ),
    (
        "C2",
        "Unix streams and datagrams, by path and abstract; a stale path is offered for removal, a plain file never; \
         107 bytes fit, 108 don't",
        &[
            "unix::c_a_path_from_its_making_to_its_removal",
            "unix::c_a_path_of_107_bytes_fits",
            "unix::c_a_stale_path_is_offered_for_removal",
            "unix::c_what_is_no_stale_socket_stays",
            "unix::c_abstract_names_at_both_ends",
            "unix_datagrams::c_abstract_names_and_autobind",
            "unix_datagrams::c_named_senders_are_answered",
            "unix_programs::c_socat_streams_at_both_ends",
            "unix_programs::c_socat_datagrams_at_both_ends",
            "unix_window::c_a_stale_socket_has_a_button",
            "unix_window::c_a_plain_file_has_none",
        ],
    ),
    (
        "C3",
        "raw sockets: ICMP echo where rights allow it, else EPERM explained",
        &[
            "ping::loopback_answers_with_what_was_sent",
            "ping::what_a_router_reports_is_an_error_with_its_reason",
            "sockets::c3_without_rights_a_ping_is_explained",
        ],
    ),
    (
        "C4",
        "netlink: the interfaces, and their changes as they happen",
        &["interfaces::loopback_is_there", "interfaces::each_change_is_told_as_it_happens"],
    ),
    ("C5", "TIPC and X.25: the kernel's answer", &["src/lookup/trying.rs::tipc_and_x25_have_an_answer"]),
    (
        "C6",
        "ports 0 to 65535, or a service's name",
        &[
            "sockets::c6_ports_have_numbers_and_names",
            "window::a_wrong_port_is_told_at_its_field_and_opens_nothing",
        ],
    ),
    (
        "C7",
        "'' is all addresses, with a note",
        &["sockets::c7_all_addresses_are_told_to_be_that", "src/form/address.rs::who_can_reach_it_is_told"],
    ),
    (
        "C8",
        "SO_REUSEADDR is on for TCP listeners and off for UDP",
        &[
            "sockets::c8_listeners_reuse_their_address_and_datagrams_do_not",
            "quitting::the_port_is_free_at_once_100_times_in_a_row",
            "udp::an_address_in_use_is_a_failure",
        ],
    ),
    (
        "C9",
        "broadcast and multicast: join, leave, interface, TTL, loop; both families",
        &[
            "multicast_pair::broadcast_needs_its_switch_and_reaches_everyone",
            "multicast_pair::a_pair_talks_through_a_group_of_either_family",
            "multicast_pair::one_source_of_either_family_across_the_cable",
            "multicast_pair::receivers_on_this_machine_get_it_unless_switched_off",
            "multicast::groups_are_joined_and_left_at_any_time",
            "multicast::datagrams_have_the_ttl_that_was_asked_for",
            "multicast_window::groups_are_joined_and_left_in_the_window",
        ],
    ),
    (
        "C10",
        "datagrams of 0 to 65,507 bytes whole, one more explained, no silent cut at 1024",
        &[
            "udp::datagrams_of_any_size_cross_whole",
            "udp::what_is_too_large_or_for_nobody_is_refused",
            "limits::what_a_program_would_lose_of_a_datagram_is_told_and_kept",
        ],
    ),
    (
        "C11",
        "a datagram without a byte is a record, and no end",
        &["sockets::c11_a_datagram_without_a_byte_is_a_record", "udp::datagrams_of_any_size_cross_whole"],
    ),
];

#[test]
fn every_row_has_its_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ids: Vec<_> = ROWS.iter().map(|(id, ..)| (*id).to_owned()).collect();
    let expected = (1..=20).map(|n| format!("B{n}")).chain((1..=11).map(|n| format!("C{n}")));
    assert!(ids.iter().cloned().eq(expected), "{ids:?}");
    for (id, what, tests) in ROWS {
        assert!(!tests.is_empty(), "{id}: {what}");
        for test in *tests {
            let (file, name) = test.split_once("::").expect("FILE::TEST");
            let path = if file.contains('/') { root.join(file) } else { root.join(format!("tests/it/{file}.rs")) };
            let source = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{id}: {test}: {error}"));
            let lines: Vec<_> = source.lines().map(str::trim).collect();
            let at = lines.iter().position(|line| line.starts_with(&format!("fn {name}(")));
            let marks = lines[..at.unwrap_or(0)].iter().rev().take_while(|line| line.starts_with("#["));
            let found = marks.into_iter().any(|line| *line == "#[test]");
            assert!(found, "{id}: no test is called {test}");
        }
    }
}
