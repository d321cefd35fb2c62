//! Both outcomes of a machine, and what of the table of differences makes them differ.

use super::differences::{DIFFERENCES, Difference, Rule};
use super::{Both, Machine, Outcome, Places};

/// How the two outcomes go together.
pub struct Explained {
    pub ours: Outcome,
    pub theirs: Outcome,
    pub because: Because,
}

/// Why they are as they are.
pub enum Because {
    Same,
    /// They differ by these lines of the table, and would not by fewer.
    Differ(Vec<&'static Difference>),
    /// They differ, and the table does not say why. Botocore was given this other machine, too, as we read the first one by
    /// the table.
    Unknown(Option<Box<(Machine, Outcome)>>),
}

/// Resolves a machine by both.
///
/// A difference that [reads](Rule::Reads) a machine in another way explains nothing by itself: botocore is given the other
/// machine, and has to come to what we come to.
///
/// # Panics
/// If a machine cannot be written to disk, or botocore has ended.
pub async fn explain(both: &mut Both, machine: &Machine) -> Explained {
    let (ours, theirs) = (both.ours(machine).await, both.theirs(machine).await);
    let because = because(both, machine, &ours, &theirs).await;
    Explained { ours, theirs, because }
}

async fn because(both: &mut Both, machine: &Machine, ours: &Outcome, theirs: &Outcome) -> Because {
    if ours.is_same(theirs) {
        return Because::Same;
    }
    let mut told = ours.clone();
    let mut telling = Vec::new();
    for difference in DIFFERENCES {
        match difference.rule {
            Rule::Refuses { applies, says } if ours.is_refused_with(says) && applies(machine) => {
                return Because::Differ(vec![difference]);
            }
            Rule::Tells(tell) => {
                if let Some(less) = tell(machine, &told) {
                    told = less;
                    telling.push(difference);
                }
            }
            Rule::Refuses { .. } | Rule::Reads(_) => {}
        }
    }
    if told.is_same(theirs) {
        return Because::Differ(telling);
    }
    let Some(reading) = all_readings(machine, both.places()) else { return Because::Unknown(None) };
    let reread = read_by(machine, both.places(), &reading);
    let theirs = both.theirs(&reread).await;
    if !told.is_same(&theirs) {
        return Because::Unknown(Some(Box::new((reread, theirs))));
    }
    let needed = needed(both, machine, &told, reading).await;
    Because::Differ([telling, needed].concat())
}

/// Those that have to do with this machine.
fn all_readings(machine: &Machine, places: &Places) -> Option<Vec<&'static Difference>> {
    let mut so_far = machine.clone();
    let mut all = Vec::new();
    for difference in DIFFERENCES {
        if let Rule::Reads(read) = difference.rule
            && let Some(next) = read(&so_far, places)
        {
            so_far = next;
            all.push(difference);
        }
    }
    Some(all).filter(|all| !all.is_empty())
}

fn read_by(machine: &Machine, places: &Places, by: &[&'static Difference]) -> Machine {
    by.iter().fold(machine.clone(), |machine, difference| match difference.rule {
        Rule::Reads(read) => read(&machine, places).unwrap_or(machine),
        _ => machine,
    })
}

/// As few of them as botocore needs to come to what we come to.
async fn needed(
    both: &mut Both,
    machine: &Machine,
    ours: &Outcome,
    all: Vec<&'static Difference>,
) -> Vec<&'static Difference> {
    let mut needed = all;
    for number in (0..needed.len()).rev() {
        let mut fewer = needed.clone();
        fewer.remove(number);
        let reread = read_by(machine, both.places(), &fewer);
        if ours.is_same(&both.theirs(&reread).await) {
            needed = fewer;
        }
    }
    needed
}
