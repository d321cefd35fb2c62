//! A look whether the files have changed that a value was made from. No read waits for it, and it is one at a time.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::cache::asked_by::AskedBy;
use crate::cache::flight;
use crate::cache::machine::{Machine, Why};
use crate::cache::scheduler::Watch;
use crate::cache::state::{Perishable, Snapshot};
use crate::wall_time::WallTime;

impl<V: Perishable> Machine<V> {
    /// Looks, in a task of its own, and starts a refresh if they have.
    pub(super) fn look(self: &Arc<Self>, now: WallTime) {
        if !self.slot.look(|snapshot| snapshot.is_look_due(now)) || self.looking.load(Ordering::Relaxed) {
            return;
        }
        let Ok(runtime) = flight::runtime(self.source().name()) else { return };
        if self.looking.swap(true, Ordering::AcqRel) {
            return;
        }
        let looking = Looking(Arc::clone(self));
        let snapshot = self.slot.snapshot();
        // Without a time limit: a file system that hangs holds up this one look, and with a limit it would hold up one
        // thread more each minute.
        runtime.spawn(AskedBy::Nobody.behind(async move {
            let machine = &looking.0;
            let Some(held) = snapshot.held() else { return };
            let changed = machine.source().has_changed(&held.value).await;
            let is_due = machine.looked(&snapshot, changed);
            machine.tell_watches(Watch::changed);
            if is_due {
                // Whoever cannot be told that it failed sees it in the status.
                let _ = machine.board(machine.setting.clock.now(), Why::IfDue);
            }
        }));
    }

    /// Answers whether a refresh is due for that.
    fn looked(&self, at: &Arc<Snapshot<V>>, changed: bool) -> bool {
        let look_after = self.source().look_after();
        let look_at = look_after.map_or(WallTime::NEVER, |after| self.setting.clock.now().plus(after));
        let _tower = self.tower();
        let snapshot = self.slot.snapshot();
        // What happened meanwhile counts, a landed flight above all: the next read looks again.
        let is_current = Arc::ptr_eq(at, &snapshot);
        if is_current {
            self.place(if changed { snapshot.changed() } else { snapshot.unchanged(look_at) });
        }
        is_current && changed
    }
}

/// Lets the next look begin, also if the task of this one was dropped.
struct Looking<V>(Arc<Machine<V>>);

impl<V> Drop for Looking<V> {
    fn drop(&mut self) {
        self.0.looking.store(false, Ordering::Release);
    }
}
