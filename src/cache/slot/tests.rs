//! The real thing under real threads. That the rest of the cache is right with a slot that is whole, the model shows.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use secrecy::ExposeSecret;

use super::*;
use crate::credentials::Credentials;

const SWAPS: u64 = 4_000;

#[test]
fn no_set_is_torn_and_none_comes_back() {
    let slot = Slot::new(set(0));
    let number = Mutex::new(0);
    let done = AtomicBool::new(false);
    let looked = thread::scope(|threads| {
        let swap = || {
            loop {
                // As in the cache: one at a time.
                let mut number = number.lock().unwrap();
                if *number == SWAPS {
                    return;
                }
                *number += 1;
                let next = set(*number);
                // Nobody may see a set before it is there.
                let generation = next.generation();
                assert_eq!(slot.replace(next).generation(), generation);
            }
        };
        let read = || {
            let (mut last, mut looks) = (0, 0_u32);
            // Once more after the last swap.
            while !done.load(Ordering::Acquire) || last == 0 {
                let seen = slot.look(whole);
                assert!(seen >= last, "{seen} after {last}");
                last = whole(&slot.snapshot());
                assert!(last >= seen, "{last} after {seen}");
                looks += 1;
            }
            looks
        };
        let swappers = [threads.spawn(swap), threads.spawn(swap)];
        let readers = [(); 4].map(|()| threads.spawn(read));
        for swapper in swappers {
            swapper.join().unwrap();
        }
        done.store(true, Ordering::Release);
        readers.into_iter().map(|reader| reader.join().unwrap()).sum::<u32>()
    });
    assert_eq!(slot.look(whole), slot.snapshot().generation());
    assert_eq!(slot.snapshot().access_key_id(), format!("AKIA{SWAPS}"));
    assert!(looked > 0);
}

fn set(number: u64) -> Credentials {
    Credentials::builder(format!("AKIA{number}"), format!("SECRET{number}"))
        .session_token(format!("TOKEN{number}"))
        .account_id(format!("{number}"))
        .build()
        .unwrap()
}

/// The generation of a set whose parts belong together.
fn whole(set: &Credentials) -> u64 {
    let number = set.access_key_id().strip_prefix("AKIA").unwrap();
    assert_eq!(set.secret_access_key().expose_secret(), format!("SECRET{number}"));
    assert_eq!(set.session_token().unwrap().expose_secret(), format!("TOKEN{number}"));
    assert_eq!(set.account_id(), Some(number));
    set.generation()
}
