//! Machine → a smaller one of which the same is true.

use super::{Item, Machine};

/// Takes away whatever can be taken away while `is_still` holds.
pub async fn shrink(machine: Machine, mut is_still: impl AsyncFnMut(&Machine) -> bool) -> Machine {
    let mut smallest = machine;
    loop {
        let mut is_smaller = false;
        for candidate in candidates(&smallest) {
            if is_still(&candidate).await {
                smallest = candidate;
                is_smaller = true;
                break;
            }
        }
        if !is_smaller {
            return smallest;
        }
    }
}

/// Everything that is by one thing smaller, the largest things first.
fn candidates(machine: &Machine) -> Vec<Machine> {
    let mut all = Vec::new();
    let mut changed = |change: &dyn Fn(&mut Machine)| {
        let mut candidate = machine.clone();
        change(&mut candidate);
        all.push(candidate);
    };
    for number in 0..2 {
        let file = [&machine.config, &machine.credentials][number];
        for section in 0..file.sections.len() {
            changed(&|machine| _ = machine.files_mut()[number].sections.remove(section));
        }
    }
    for name in machine.variables.keys() {
        // Without this one, real addresses would be asked.
        if !["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS", "AWS_EC2_METADATA_SERVICE_ENDPOINT"]
            .contains(&name.as_str())
        {
            changed(&|machine| _ = machine.variables.remove(name));
        }
    }
    for number in 0..2 {
        let file = [&machine.config, &machine.credentials][number];
        for (section, found) in file.sections.iter().enumerate() {
            for item in 0..found.items.len() {
                changed(&|machine| _ = machine.files_mut()[number].sections[section].items.remove(item));
                if let Item::Property(property) = &found.items[item] {
                    for line in 0..property.more.len() {
                        changed(&|machine| {
                            let item = &mut machine.files_mut()[number].sections[section].items[item];
                            if let Item::Property(property) = item {
                                property.more.remove(line);
                            }
                        });
                    }
                }
            }
        }
        if file.is_from_windows {
            changed(&|machine| machine.files_mut()[number].is_from_windows = false);
        }
        if file.has_byte_order_mark {
            changed(&|machine| machine.files_mut()[number].has_byte_order_mark = false);
        }
        if !file.beginning.is_empty() {
            changed(&|machine| machine.files_mut()[number].beginning.clear());
        }
    }
    all
}
