//! The tabs: one of each kind for sockets, those of opened logs after them, and look-ups.

use super::tab::{Kind, SocketTab};

/// The number of a tab with a log. It is never given to another tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TabId(u64);

impl From<Kind> for TabId {
    /// The socket tab of that kind, which is always there.
    fn from(kind: Kind) -> Self {
        Self(kind as u64)
    }
}

/// What the window can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tab {
    /// A tab with a log: that of a socket, or one that was opened.
    Socket(TabId),
    /// Look-ups.
    Lookup,
}

impl From<Kind> for Tab {
    fn from(kind: Kind) -> Self {
        Self::Socket(kind.into())
    }
}

/// The most logs that are open at the same time.
pub const MOST_OPENED: usize = 32;

/// The tabs with a log: the three of sockets first, then what was opened, in that order.
#[derive(Debug)]
pub struct Tabs {
    list: Vec<SocketTab>,
    next: u64,
}

impl Tabs {
    /// The socket tabs alone, made by `make`.
    pub fn new(make: impl FnMut(Kind) -> SocketTab) -> Self {
        Self { list: Kind::ALL.into_iter().map(make).collect(), next: Kind::ALL.len() as u64 }
    }

    /// The socket tab of `kind`.
    pub fn of(&self, kind: Kind) -> &SocketTab {
        &self.list[kind as usize]
    }

    /// The socket tab of `kind`.
    pub fn of_mut(&mut self, kind: Kind) -> &mut SocketTab {
        &mut self.list[kind as usize]
    }

    /// The tab of that number, as long as it is not closed.
    pub fn get(&self, id: TabId) -> Option<&SocketTab> {
        self.list.iter().find(|tab| tab.id == id)
    }

    /// The tab of that number, as long as it is not closed.
    pub fn get_mut(&mut self, id: TabId) -> Option<&mut SocketTab> {
        self.list.iter_mut().find(|tab| tab.id == id)
    }

    /// All of them, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, SocketTab> {
        self.list.iter()
    }

    /// All of them, in order.
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, SocketTab> {
        self.list.iter_mut()
    }

    /// Those of opened logs.
    pub fn opened(&self) -> &[SocketTab] {
        &self.list[Kind::ALL.len()..]
    }

    /// Whether one more log may be opened.
    pub fn has_room(&self) -> bool {
        self.opened().len() < MOST_OPENED
    }

    /// Adds the tab of an opened log, which is made with its number.
    pub(super) fn add(&mut self, make: impl FnOnce(TabId) -> SocketTab) -> TabId {
        let id = TabId(self.next);
        self.next += 1;
        self.list.push(make(id));
        id
    }

    /// Closes the tab of an opened log; returns what is to be shown in its place: the one before it.
    pub(super) fn close(&mut self, id: TabId) -> Option<Tab> {
        let place = self.list.iter().position(|tab| tab.id == id).filter(|place| *place >= Kind::ALL.len())?;
        self.list.remove(place);
        match self.opened().is_empty() {
            // The tab before it in the bar.
            true => Some(Tab::Lookup),
            false => Some(Tab::Socket(self.list[place.saturating_sub(1).max(Kind::ALL.len())].id)),
        }
    }
}

impl<'a> IntoIterator for &'a Tabs {
    type Item = &'a SocketTab;
    type IntoIter = std::slice::Iter<'a, SocketTab>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a> IntoIterator for &'a mut Tabs {
    type Item = &'a mut SocketTab;
    type IntoIter = std::slice::IterMut<'a, SocketTab>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Budget, Limits};

    #[test]
    fn numbers_are_never_given_again_and_the_socket_tabs_stay() {
        let make = |kind| SocketTab::new(kind, &Budget::default(), Limits::default());
        let mut tabs = Tabs::new(make);
        let open = |tabs: &mut Tabs| {
            tabs.add(|id| {
                let mut tab = make(Kind::Udp);
                tab.id = id;
                tab
            })
        };
        let (one, two, three) = (open(&mut tabs), open(&mut tabs), open(&mut tabs));
        assert_eq!(tabs.close(three), Some(Tab::Socket(two)));
        assert_eq!(tabs.close(one), Some(Tab::Socket(two)));
        assert!(open(&mut tabs) > three);
        assert_eq!((tabs.close(one), tabs.opened().len()), (None, 2));
        for kind in Kind::ALL {
            assert_eq!(tabs.close(kind.into()), None);
            assert_eq!(tabs.get(kind.into()).map(|tab| tab.kind), Some(kind));
        }
        let last = tabs.opened().iter().map(|tab| tab.id).collect::<Vec<_>>();
        assert_eq!(last.into_iter().filter_map(|id| tabs.close(id)).last(), Some(Tab::Lookup));
    }
}
