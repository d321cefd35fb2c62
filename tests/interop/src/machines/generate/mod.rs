//! Seed → machine. Half of them are calm: all that stands there makes sense, and they mostly come to credentials, if by
//! strange ways. In the others anything may be wrong.

mod environment;
mod profiles;

use fastrand::Rng;

use super::{File, Machine, Places, noise};

pub(super) fn machine(rng: &mut Rng, places: &Places) -> Machine {
    let mut names: Vec<&str> = NAMES.to_vec();
    rng.shuffle(&mut names);
    names.truncate(*rng.choice(&[1, 2, 3, 3, 4, 5]).unwrap_or(&3));
    let is_calm = rng.bool();
    let mut maker = Maker { rng, places, names, is_calm };
    let mut machine = Machine {
        profile_in_code: None,
        variables: std::collections::BTreeMap::new(),
        config: File { exists: true, ..File::default() },
        credentials: File { exists: true, ..File::default() },
    };
    for position in 0..maker.names.len() {
        maker.add_profile(&mut machine, position);
    }
    maker.select(&mut machine);
    maker.set_keys(&mut machine);
    maker.set_web_identity(&mut machine);
    maker.set_tags(&mut machine);
    maker.set_services(&mut machine);
    maker.set_regions(&mut machine);
    maker.set_endpoints(&mut machine);
    maker.place_files(&mut machine);
    maker.set_regions_of_sources(&mut machine);
    let noises = match maker.below(90, 100) {
        0..35 => 0,
        35..90 => 1,
        90..95 => 2,
        _ => 4,
    };
    noise::add(maker.rng, &mut machine, noises);
    machine
}

struct Maker<'a> {
    rng: &'a mut Rng,
    places: &'a Places,
    names: Vec<&'static str>,
    is_calm: bool,
}

impl Maker<'_> {
    fn chance(&mut self, percent: u32) -> bool {
        self.rng.u32(0..100) < percent
    }

    /// The chance of something that is wrong.
    fn wrong(&mut self, percent: u32) -> bool {
        !self.is_calm && self.chance(percent)
    }

    /// A number below `all`; in calm machines below `good`, where what makes sense ends.
    fn below(&mut self, good: u32, all: u32) -> u32 {
        self.rng.u32(0..if self.is_calm { good } else { all })
    }

    /// One of the texts; in calm machines one of the good ones, which come first.
    fn one_of_good<'t>(&mut self, good: usize, texts: &[&'t str]) -> &'t str {
        let texts = if self.is_calm { texts.get(..good).unwrap_or(texts) } else { texts };
        self.one_of(texts)
    }

    fn one_of<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        self.rng.choice(texts).copied().unwrap_or_default()
    }
}

const NAMES: [&str; 8] = ["default", "dev", "prod", "hub", "a-b.c_d", "x/y@z:1", "Dev", "default-2"];
const REGIONS: [&str; 4] = ["eu-central-1", "eu-west-1", "us-east-1", "ap-southeast-2"];
/// With what stands in secrets, and in INI files means something elsewhere.
const SECRETS: [&str; 8] = [
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "with=equals=",
    "with#hash;semicolon",
    "100%percent%(name)s",
    "\"quoted\"",
    "$HOME/x",
    "[brackets]",
    "back\\slash",
];
