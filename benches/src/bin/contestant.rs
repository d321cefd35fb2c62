//! What the `instructions` program runs under callgrind: `contestant read NAME TIMES`, `contestant allocations NAME
//! TIMES`, `contestant cold LIBRARY`.

use benches::{allocations, cold, reads};

#[global_allocator]
static COUNTING: allocations::Counting = allocations::Counting;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    match arguments.as_slice() {
        ["read", name, times] => runtime.block_on(reads::read(name, times.parse().unwrap(), || {})),
        ["allocations", name, times] => {
            let mut before = (0, 0);
            runtime.block_on(reads::read(name, times.parse().unwrap(), || before = allocations::so_far()));
            let after = allocations::so_far();
            println!("{} {}", after.0 - before.0, after.1 - before.1);
        }
        ["cold", library] => runtime.block_on(cold::resolve(library)),
        other => panic!("{other:?}"),
    }
}
