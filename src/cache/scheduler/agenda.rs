//! What is to be kept fresh, when each is due, and how many may be under way. Pure: times in, numbers out.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use crate::wall_time::WallTime;

/// All that one scheduler keeps. `K` is what it keeps; here it is only carried.
#[derive(Debug)]
pub(super) struct Agenda<K> {
    entries: HashMap<u64, Entry<K>>,
    /// Those that wait for their time, the next one first.
    waiting: BTreeSet<(WallTime, u64)>,
    lanes: HashMap<&'static str, Lane>,
    up: usize,
}

#[derive(Debug)]
struct Entry<K> {
    kept: K,
    stage: Stage,
    /// However often it is due: not before this.
    not_before: WallTime,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Until then.
    Waiting(WallTime),
    /// Due, and behind others of its lane.
    Queued,
    /// Its flight is up.
    Up(&'static str),
}

/// One source, of which only so much is asked.
#[derive(Debug)]
struct Lane {
    queue: VecDeque<u64>,
    up: usize,
    /// Starts that are allowed at once; they come back with time.
    tokens: f64,
    filled_at: Duration,
}

impl<K> Agenda<K> {
    pub(super) fn new() -> Self {
        Self { entries: HashMap::new(), waiting: BTreeSet::new(), lanes: HashMap::new(), up: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn add(&mut self, number: u64, kept: K, due: WallTime) {
        let entry = Entry { kept, stage: Stage::Waiting(due), not_before: WallTime::ALWAYS_PAST };
        self.entries.insert(number, entry);
        self.waiting.insert((due, number));
    }

    pub(super) fn remove(&mut self, number: u64) {
        self.leave(number);
        self.entries.remove(&number);
    }

    pub(super) fn get(&self, number: u64) -> Option<&K> {
        self.entries.get(&number).map(|entry| &entry.kept)
    }

    /// It is due then. What is queued or up stays so: it is looked at again when its turn comes.
    pub(super) fn due(&mut self, number: u64, due: WallTime) {
        let Some(entry) = self.entries.get_mut(&number) else { return };
        let Stage::Waiting(before) = entry.stage else { return };
        let due = due.max(entry.not_before);
        entry.stage = Stage::Waiting(due);
        self.waiting.remove(&(before, number));
        self.waiting.insert((due, number));
    }

    /// Its flight is down, or none was needed.
    pub(super) fn down(&mut self, number: u64, due: WallTime) {
        let Some(entry) = self.entries.get_mut(&number) else { return };
        if let Stage::Up(lane) = entry.stage {
            entry.stage = Stage::Waiting(due);
            self.waiting.insert((due, number));
            self.free(lane);
        }
        self.due(number, due);
    }

    /// The clock was set back: whatever was to happen later is decided on anew.
    pub(super) fn reconsider(&mut self, due: impl Fn(&K) -> WallTime) {
        self.waiting.clear();
        for (number, entry) in &mut self.entries {
            entry.not_before = WallTime::ALWAYS_PAST;
            if matches!(entry.stage, Stage::Waiting(_)) {
                let due = due(&entry.kept);
                entry.stage = Stage::Waiting(due);
                self.waiting.insert((due, *number));
            }
        }
    }

    /// Those that start now; they count as up from here on. `elapsed`: by a stopwatch, for the pace.
    pub(super) fn start(
        &mut self,
        now: WallTime,
        elapsed: Duration,
        lane: impl Fn(&K) -> &'static str,
    ) -> Vec<u64> {
        while let Some(&(due, number)) = self.waiting.first().filter(|(due, _)| *due <= now) {
            self.waiting.remove(&(due, number));
            if let Some(entry) = self.entries.get_mut(&number) {
                entry.stage = Stage::Queued;
                self.lanes
                    .entry(lane(&entry.kept))
                    .or_insert_with(|| Lane::new(elapsed))
                    .queue
                    .push_back(number);
            }
        }
        let mut started = Vec::new();
        for (name, lane) in &mut self.lanes {
            lane.refill(elapsed);
            while self.up < UP_MAX && lane.has_room() {
                let Some(number) = lane.queue.pop_front() else { break };
                // Whoever was removed meanwhile is still in the queue.
                let Some(entry) = self.entries.get_mut(&number).filter(|entry| entry.stage == Stage::Queued)
                else {
                    continue;
                };
                entry.stage = Stage::Up(name);
                entry.not_before = now.plus(PERIOD_MIN);
                lane.tokens -= 1.0;
                lane.up += 1;
                self.up += 1;
                started.push(number);
            }
        }
        self.lanes.retain(|_, lane| !lane.is_idle());
        started
    }

    /// How long until `start` has something to do; `None`: not before something lands or is added.
    pub(super) fn pause(&self, now: WallTime) -> Option<Duration> {
        let due = self.waiting.first().map(|(due, _)| now.until(*due));
        let paced = self.lanes.values().filter(|_| self.up < UP_MAX).filter_map(Lane::pause).min();
        match (due, paced) {
            (Some(due), Some(paced)) => Some(due.min(paced)),
            (due, paced) => due.or(paced),
        }
    }

    fn leave(&mut self, number: u64) {
        match self.entries.get(&number).map(|entry| entry.stage) {
            Some(Stage::Waiting(due)) => {
                self.waiting.remove(&(due, number));
            }
            Some(Stage::Up(lane)) => self.free(lane),
            Some(Stage::Queued) | None => {}
        }
    }

    fn free(&mut self, lane: &'static str) {
        self.up = self.up.saturating_sub(1);
        if let Some(lane) = self.lanes.get_mut(lane) {
            lane.up = lane.up.saturating_sub(1);
        }
    }
}

impl Lane {
    fn new(elapsed: Duration) -> Self {
        Self { queue: VecDeque::new(), up: 0, tokens: BURST, filled_at: elapsed }
    }

    fn refill(&mut self, elapsed: Duration) {
        let passed = elapsed.saturating_sub(self.filled_at).as_secs_f64();
        self.tokens = (self.tokens + passed * PER_SECOND).min(BURST);
        self.filled_at = elapsed;
    }

    fn has_room(&self) -> bool {
        self.up < LANE_UP_MAX && self.tokens >= 1.0
    }

    /// Until the next one may start, if somebody wants to.
    fn pause(&self) -> Option<Duration> {
        let wanted = !self.queue.is_empty() && self.up < LANE_UP_MAX;
        // A few at a time: not a wake-up for each.
        wanted.then(|| Duration::from_secs_f64(((1.0 - self.tokens) / PER_SECOND).max(WAKE_UP_MIN)))
    }

    fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.up == 0 && self.tokens >= BURST
    }
}

/// Generous for one source, and a third of what STS takes from one account in one region.
const PER_SECOND: f64 = 200.0;
const BURST: f64 = 50.0;
const WAKE_UP_MIN: f64 = 0.05;
/// Flights at once. One source that hangs leaves room for others.
const UP_MAX: usize = 256;
const LANE_UP_MAX: usize = 128;
/// Of one cache, whatever its policy says.
const PERIOD_MIN: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
