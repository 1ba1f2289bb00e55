use proptest::prelude::*;

use super::super::Library;
use super::*;

/// As `QSettings` of Qt 5.15 wrote it, shortened.
const SAMPLE: &str = r#"[%20lead]
hexString=42
name=" lead"
port=1
tcpOrUdp=udp
toIP=@@home

[%General]
hexString=42
name=General
port=1
tcpOrUdp=udp
toIP=h

[%U4F60%U597D%20%E9%20%UD83C%UDF89]
hexString=E4 BD A0
name=\x4f60\x597d \xe9 \xd83c\xdf89
port=7
tcpOrUdp=DTLS
toIP=127.0.0.1

[Bad%20hex]
hexString=4G
name=Bad hex
port=1
tcpOrUdp=TCP
toIP=localhost

[Bytes]
hexString=00 FF
name=@ByteArray(By\x1\xfftes)
port=0
tcpOrUdp=tcp
toIP=

[Get]
hexString=
name=Get
port=8080
requestPath="/a,b?c=d"
tcpOrUdp=HTTP Get
toIP=localhost

[My%20Packet%2C%20with%20%22quotes%22%3B%20and%20%5C%20and%20%5Bx%5D%20%3D%20%25]
hexString=00 FF
name="My Packet, with \"quotes\"; and \\ and [x] = %"
port=9
repeat=2.5
tcpOrUdp=UDP
toIP=example.org

[NAMES]
1\name=Ping
2\name="My Packet, with \"quotes\"; and \\ and [x] = %"
3\name=a/b
4\name=\x4f60\x597d \xe9 \xd83c\xdf89
5\name=Secure
6\name=Get
7\name=Bad hex
8\name=Bytes
9\name=
10\name=General
11\name=" lead"
12\name=gone
size=12

[Ping]
fromIP=You
hexString="70 69 6E 67 0D 0A "
name=Ping
port=55005
repeat=@Variant(\0\0\0\x87\0\0\0\0)
tcpOrUdp=TCP
timestamp="Sat, 21 Nov 2026 03:05:00"
toIP=127.0.0.1

[Secure]
hexString=68 69
name=Secure
port=443
repeat=@Variant(\0\0\0\x87?\x80\0\0)
tcpOrUdp=SSL
toIP=localhost

[a]
b\hexString=7B 7B 54 49 4D 45 7D 7D
b\name=a/b
b\port=7
b\tcpOrUdp=TCP
b\toIP=::1
"#;

#[test]
fn a_real_file_is_read() {
    let mut import = read(SAMPLE.as_bytes());
    let mut library = Library::default();
    assert_eq!(library.take_in(&mut import), 9, "{import:?}");
    let found: Vec<String> = library
        .iter()
        .map(|(_, saved)| {
            let target = saved.target.as_ref().map_or_else(String::new, ToString::to_string);
            format!("{} | {} {} | {target}", saved.name, saved.message.format.name(), saved.message.text)
        })
        .collect();
    let expected = [
        r"Ping | Escaped ping\r\n | tcp://127.0.0.1:55005",
        r#"My Packet, with "quotes"; and \ and [x] = % | Hex 00 ff | udp://example.org:9"#,
        "a/b | Escaped {{TIME}} | tcp://[::1]:7",
        "你好 é 🎉 | Escaped 你 | udp://127.0.0.1:7",
        "Secure | Escaped hi | tcp://localhost:443",
        r"Get | Escaped GET /a,b?c=d HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n | tcp://localhost:8080",
        "By ÿtes | Hex 00 ff | ",
        "General | Escaped B | udp://h:1",
        "lead | Escaped B | ",
    ];
    assert_eq!(found, expected);
    let bad: Vec<String> = import.bad.list.iter().map(ToString::to_string).collect();
    assert_eq!(bad.len(), 2, "{bad:?}");
    assert!(bad[0].starts_with("line 23, Bad hex: hexString, character 2"), "{bad:?}");
    assert!(bad[1].starts_with("line 64, gone: it is listed"), "{bad:?}");
    let remarks: Vec<String> = import.remarks.list.iter().map(ToString::to_string).collect();
    let expected = ["every 2.5 s", "{{…}}", "encrypts", "encrypts", "every 1 s", "no target"];
    assert_eq!(remarks.len(), expected.len(), "{remarks:?}");
    for (remark, part) in remarks.iter().zip(expected) {
        assert!(remark.contains(part), "{remark}");
    }
}

#[test]
fn what_is_no_such_file_says_so() {
    assert_eq!(read(b"").bad.count, 0);
    assert_eq!(read(b"[a]\nb=c\n").bad.list[0].words, "there is no packet in this file");
    let import = read(b"[a]\nwords\nhexString=41\ntcpOrUdp=carrier pigeon\n");
    let bad: Vec<String> = import.bad.list.iter().map(ToString::to_string).collect();
    assert!(bad[0].starts_with("line 2: "), "{bad:?}");
    assert!(bad[1].starts_with("line 4, a: "), "{bad:?}");
}

#[test]
fn lines_may_go_on() {
    let import = read(b"[a]\nhexString=41 \\\n42\nname=\"x\ny\"\nport=1\n[b]\nhexString=zz\n");
    assert_eq!(import.groups[0].messages[0].message.text, "AB");
    assert_eq!(import.bad.list[0].line, 8);
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        read(&bytes);
    }

    #[test]
    fn torn_files_are_no_panic(at in 0..SAMPLE.len(), byte in any::<u8>()) {
        let mut bytes = SAMPLE.as_bytes().to_vec();
        bytes[at] = byte;
        read(&bytes);
        bytes.truncate(at);
        read(&bytes);
    }
}
