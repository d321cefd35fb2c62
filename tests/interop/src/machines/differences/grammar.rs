//! Differences in how files are read. Botocore reads them with Python's `configparser`.

use crate::machines::profile::without_properties;
use crate::machines::{File, Item, Machine, Places, Section};

pub(super) fn has_continuation(machine: &Machine) -> bool {
    let goes_on = |line: &str| {
        let content = line.trim();
        line.starts_with([' ', '\t']) && !content.is_empty() && !content.starts_with(['#', ';'])
    };
    [&machine.config, &machine.credentials].iter().flat_map(|file| &file.sections).any(|section| {
        let mut items = section.items.iter().skip_while(|item| matches!(item, Item::Line(_)));
        items.any(|item| match item {
            Item::Property(property) => property.more.iter().any(|line| goes_on(line)),
            Item::Line(line) => goes_on(line),
        })
    })
}

pub(super) fn has_colon(machine: &Machine) -> bool {
    let files = [&machine.config, &machine.credentials];
    files.iter().flat_map(|file| file.properties()).any(|property| property.equals.contains(':'))
}

/// What stands before the `=` is no name of a key.
pub(super) fn without_colons_before_equals(machine: &Machine, _: &Places) -> Option<Machine> {
    changed(machine, |file| {
        let before = file.properties().count();
        without_properties(file, |_, property| property.equals.contains(':') && property.value.contains('='));
        file.properties().count() < before
    })
}

pub(super) fn without_byte_order_mark(machine: &Machine, _: &Places) -> Option<Machine> {
    changed(machine, |file| std::mem::take(&mut file.has_byte_order_mark))
}

pub(super) fn without_comments_behind_headers(machine: &Machine, _: &Places) -> Option<Machine> {
    changed_sections(machine, |section| !std::mem::take(&mut section.header.comment).is_empty())
}

pub(super) fn without_blanks_in_headers(machine: &Machine, _: &Places) -> Option<Machine> {
    changed_sections(machine, |section| {
        let header = &mut section.header;
        let has_blanks = !(header.before.is_empty() && header.after.is_empty());
        (header.before, header.after) = ("", "");
        has_blanks
    })
}

pub(super) fn without_quoted_sections(machine: &Machine, _: &Places) -> Option<Machine> {
    changed(machine, |file| remove_sections(file, |section| section.header.is_quoted))
}

pub(super) fn without_other_prefixes(machine: &Machine, _: &Places) -> Option<Machine> {
    changed(machine, |file| remove_sections(file, |section| section.header.kind == "profiles"))
}

pub(super) fn without_replaced_default(machine: &Machine, _: &Places) -> Option<Machine> {
    let is_prefixed =
        |section: &Section| section.header.kind == "profile" && section.header.name == "default";
    if !machine.config.sections.iter().any(is_prefixed) {
        return None;
    }
    let mut machine = machine.clone();
    let is_gone = |section: &Section| section.header.kind.is_empty() && section.header.name == "default";
    remove_sections(&mut machine.config, is_gone).then_some(machine)
}

pub(super) fn merged_sections(machine: &Machine, _: &Places) -> Option<Machine> {
    changed(machine, |file| {
        let mut merged: Vec<Section> = Vec::new();
        let before = file.sections.len();
        for section in std::mem::take(&mut file.sections) {
            let is_same = |known: &&mut Section| {
                known.header.kind == section.header.kind
                    && known.header.name == section.header.name
                    && known.header.between.is_empty() == section.header.between.is_empty()
            };
            match merged.iter_mut().find(is_same) {
                Some(known) => known.items.extend(section.items),
                None => merged.push(section),
            }
        }
        file.sections = merged;
        file.sections.len() < before
    })
}

pub(super) fn last_keys(machine: &Machine, _: &Places) -> Option<Machine> {
    changed_sections(machine, |section| {
        let before = section.items.len();
        let mut seen = std::collections::BTreeSet::new();
        let mut kept: Vec<Item> = Vec::new();
        for item in std::mem::take(&mut section.items).into_iter().rev() {
            let is_kept = match &item {
                Item::Property(property) => seen.insert(property.key.to_ascii_lowercase()),
                Item::Line(_) => true,
            };
            if is_kept {
                kept.push(item);
            }
        }
        kept.reverse();
        section.items = kept;
        section.items.len() < before
    })
}

pub(super) fn without_comments_behind_values(machine: &Machine, _: &Places) -> Option<Machine> {
    changed(machine, |file| {
        let mut is_changed = false;
        for property in file.properties_mut() {
            is_changed |= !std::mem::take(&mut property.comment).is_empty();
        }
        is_changed
    })
}

pub(super) fn without_blank_values(machine: &Machine, _: &Places) -> Option<Machine> {
    changed(machine, |file| {
        let before = file.properties().count();
        without_properties(file, |_, property| {
            property.value.trim().is_empty() && property.more.iter().all(|line| line.trim().is_empty())
        });
        file.properties().count() < before
    })
}

fn remove_sections(file: &mut File, is_gone: impl Fn(&Section) -> bool) -> bool {
    let before = file.sections.len();
    file.sections.retain(|section| !is_gone(section));
    file.sections.len() < before
}

fn changed(machine: &Machine, change: impl FnMut(&mut File) -> bool) -> Option<Machine> {
    let mut machine = machine.clone();
    let changes = machine.files_mut().map(change);
    changes.contains(&true).then_some(machine)
}

fn changed_sections(machine: &Machine, mut change: impl FnMut(&mut Section) -> bool) -> Option<Machine> {
    changed(machine, |file| {
        let mut is_changed = false;
        for section in &mut file.sections {
            is_changed |= change(section);
        }
        is_changed
    })
}
