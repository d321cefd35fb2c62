//! The same under a model: shuttle's locks, flags and tasks, and a time that stands still until a scenario lets it pass.
//! So a wake-up that is lost is a deadlock, which shuttle reports, and not a wait until some limit.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

pub(crate) use shuttle::sync::atomic::AtomicBool;
pub(crate) use shuttle::sync::{Mutex, MutexGuard};

use crate::wall_time::WallTime;

/// Stands in for arc-swap, which shuttle cannot look into: a place that is read and written as a whole. That the real one
/// is that is the test of `cache/slot`.
#[derive(Debug)]
pub(crate) struct ArcSwap<S>(Mutex<Arc<S>>);

impl<S> ArcSwap<S> {
    pub(crate) fn from_pointee(first: S) -> Self {
        Self(Mutex::new(Arc::new(first)))
    }

    pub(crate) fn load(&self) -> Arc<S> {
        self.load_full()
    }

    pub(crate) fn load_full(&self) -> Arc<S> {
        Arc::clone(&self.0.lock().unwrap())
    }

    pub(crate) fn store(&self, next: Arc<S>) {
        let before = std::mem::replace(&mut *self.0.lock().unwrap(), next);
        drop(before);
    }
}

/// tokio's own, which shuttle cannot look into, with others' turns before whatever is done to it.
#[derive(Debug)]
pub(crate) struct Notify {
    inner: tokio::sync::Notify,
    turn: AtomicBool,
}

impl Notify {
    pub(crate) fn new() -> Self {
        Self { inner: tokio::sync::Notify::new(), turn: AtomicBool::new(false) }
    }

    pub(crate) fn notified(&self) -> tokio::sync::futures::Notified<'_> {
        self.let_others_run();
        self.inner.notified()
    }

    pub(crate) fn notify_waiters(&self) {
        self.let_others_run();
        self.inner.notify_waiters();
    }

    fn let_others_run(&self) {
        self.turn.load(std::sync::atomic::Ordering::Relaxed);
    }
}

/// What becomes of tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runtime {
    Driven,
    /// It drops what it is given at once.
    ShuttingDown,
    /// It takes tasks, and nobody drives it.
    Abandoned,
}

/// What stands in for a runtime, and for the clocks. One for each thread of the tests: shuttle runs a whole execution on
/// one.
struct Machine {
    now: Cell<Duration>,
    timers: RefCell<Vec<(Duration, Waker)>>,
    runtime: Cell<Runtime>,
    driven: RefCell<Vec<shuttle::future::JoinHandle<()>>>,
    /// Of an execution that failed they can only be left alone: what they would do as they are dropped needs it.
    abandoned: RefCell<Vec<ManuallyDrop<Task>>>,
}

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

thread_local! {
    static MACHINE: Machine = const {
        Machine {
            now: Cell::new(Duration::ZERO),
            timers: RefCell::new(Vec::new()),
            runtime: Cell::new(Runtime::Driven),
            driven: RefCell::new(Vec::new()),
            abandoned: RefCell::new(Vec::new()),
        }
    };
}

/// To begin an execution with.
pub(crate) fn reset() {
    MACHINE.with(|machine| {
        machine.now.set(Duration::ZERO);
        machine.timers.take();
        machine.runtime.set(Runtime::Driven);
        machine.driven.take();
        machine.abandoned.take();
    });
}

/// From now on.
pub(crate) fn runtime_is(runtime: Runtime) {
    MACHINE.with(|machine| machine.runtime.set(runtime));
}

/// Shuts the runtime down: tasks end where they are.
pub(crate) fn abort_tasks() {
    runtime_is(Runtime::ShuttingDown);
    let driven = MACHINE.with(|machine| machine.driven.take());
    driven.iter().for_each(shuttle::future::JoinHandle::abort);
    MACHINE.with(|machine| machine.driven.borrow_mut().extend(driven));
}

/// Drives an abandoned runtime again, with the tasks it was left with.
pub(crate) fn drive_again() {
    runtime_is(Runtime::Driven);
    let abandoned = MACHINE.with(|machine| machine.abandoned.take());
    for task in abandoned {
        Handle.spawn(ManuallyDrop::into_inner(task));
    }
}

/// Until no task is left, also of those that are spawned meanwhile.
pub(crate) fn join_tasks() {
    while let Some(task) = MACHINE.with(|machine| machine.driven.borrow_mut().pop()) {
        // Aborted or done.
        let _ = shuttle::future::block_on(task);
    }
}

/// Lets time pass, and wakes whoever waits for that.
pub(crate) fn pass(by: Duration) {
    let due = MACHINE.with(|machine| {
        let now = machine.now.get() + by;
        machine.now.set(now);
        let (due, rest) = machine.timers.take().into_iter().partition::<Vec<_>, _>(|(at, _)| *at <= now);
        machine.timers.replace(rest);
        due
    });
    due.into_iter().for_each(|(_, waker)| waker.wake());
}

/// The wall clock, in either precision.
pub(crate) fn wall_time() -> WallTime {
    WallTime::from_unix(1_795_435_200, 0).plus(MACHINE.with(|machine| machine.now.get()))
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Instant(Duration);

impl Instant {
    pub(crate) fn now() -> Self {
        Self(MACHINE.with(|machine| machine.now.get()))
    }

    pub(crate) fn elapsed(self) -> Duration {
        Self::now().0 - self.0
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Handle;

/// Of a runtime: there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Id;

impl Handle {
    #[allow(clippy::unnecessary_wraps, reason = "as tokio's")]
    pub(crate) fn try_current() -> Result<Self, Infallible> {
        Ok(Self)
    }

    #[allow(clippy::unused_self, reason = "as tokio's")]
    pub(crate) fn id(&self) -> Id {
        Id
    }

    #[allow(clippy::unused_self, reason = "as tokio's")]
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        match MACHINE.with(|machine| machine.runtime.get()) {
            Runtime::Driven => {
                let task = shuttle::future::spawn(task);
                MACHINE.with(|machine| machine.driven.borrow_mut().push(task));
            }
            Runtime::ShuttingDown => drop(task),
            Runtime::Abandoned => {
                let task: Task = Box::pin(task);
                MACHINE.with(|machine| machine.abandoned.borrow_mut().push(ManuallyDrop::new(task)));
            }
        }
    }
}

/// Only made, to see whether it can be made.
pub(crate) fn sleep(_: Duration) -> impl Future<Output = ()> {
    std::future::ready(())
}

pub(crate) fn timeout<F: Future>(limit: Duration, future: F) -> Timeout<F> {
    Timeout { future: Box::pin(future), ends: Instant::now().0.saturating_add(limit) }
}

pub(crate) struct Timeout<F> {
    future: Pin<Box<F>>,
    ends: Duration,
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(output) = self.future.as_mut().poll(context) {
            return Poll::Ready(Ok(output));
        }
        MACHINE.with(|machine| {
            if machine.now.get() >= self.ends {
                return Poll::Ready(Err(Elapsed));
            }
            machine.timers.borrow_mut().push((self.ends, context.waker().clone()));
            Poll::Pending
        })
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Elapsed;
