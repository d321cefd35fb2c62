//! A local AWS, and a machine to run in, for tests of programs that use credentials.

mod clock;
mod world;

pub use self::clock::Clock;
pub use self::world::World;
