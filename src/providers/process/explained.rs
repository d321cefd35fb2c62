//! What this source looks at.

use super::Process;
use crate::explain::{Examined, Look, Next};

pub(super) fn examine(source: &Process) -> Examined {
    let place = source.profile.as_ref().map_or_else(|| "code".to_owned(), ToString::to_string);
    match source.program() {
        Ok(program) => {
            let look =
                Look::new(format_args!("`{}`", program.name()), format_args!("a program, named by {place}"));
            Examined::new(Ok(Next::Ask(format!("the program `{}`", program.name())))).looked_at([look])
        }
        Err(error) => Examined::new(Err(error)),
    }
}
