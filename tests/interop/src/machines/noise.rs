//! How people, editors and other programs write files: blanks, comments, case, line ends, sections twice. And how files get
//! damaged.

use fastrand::Rng;

use super::{File, Item, Machine, Property, Section};

pub(super) fn add(rng: &mut Rng, machine: &mut Machine, kinds: u32) {
    for _ in 0..kinds {
        let noise = NOISES[rng.usize(0..NOISES.len())];
        for file in machine.files_mut() {
            noise(rng, file);
        }
    }
    if kinds > 0 && rng.u32(0..100) < 5 {
        blanks_in_variables(rng, machine);
    }
    machine.files_mut().into_iter().flat_map(|file| &mut file.sections).for_each(commands_in_one_line);
}

/// Several lines are a script to us and words of one command to botocore, and nothing makes the one of the other.
fn commands_in_one_line(section: &mut Section) {
    let mut is_command = false;
    section.items.retain_mut(|item| match item {
        Item::Property(property) => {
            is_command = property.is("credential_process");
            if is_command {
                property.more.clear();
            }
            true
        }
        Item::Line(line) => !(is_command && line.starts_with([' ', '\t'])),
    });
}

type Noise = fn(&mut Rng, &mut File);

const NOISES: [Noise; 26] = [
    comments,
    comments,
    indented_comments,
    comments_behind_values,
    comments_behind_headers,
    blanks_in_headers,
    other_blanks_in_headers,
    quotes_in_headers,
    prefixes,
    prefixes,
    default_twice,
    default_twice,
    case_of_keys,
    equals,
    colons,
    colons,
    colons,
    windows,
    byte_order_mark,
    sections_twice,
    keys_twice,
    continuations,
    settings_of_others,
    blank_values,
    blank_values,
    damage,
];

/// Each section with one chance in three, and at least one where there are any.
fn some_sections<'f>(rng: &mut Rng, file: &'f mut File) -> Vec<&'f mut Section> {
    let chosen = rng.usize(0..file.sections.len().max(1));
    let sections = file.sections.iter_mut().enumerate();
    sections
        .filter(|(number, _)| *number == chosen || rng.u32(0..3) == 0)
        .map(|(_, section)| section)
        .collect()
}

fn some_properties<'f>(rng: &mut Rng, file: &'f mut File) -> Vec<&'f mut Property> {
    let chosen = rng.usize(0..file.properties().count().max(1));
    let properties = file.properties_mut().enumerate();
    properties
        .filter(|(number, _)| *number == chosen || rng.u32(0..4) == 0)
        .map(|(_, property)| property)
        .collect()
}

fn one_of(rng: &mut Rng, texts: &[&'static str]) -> &'static str {
    rng.choice(texts).copied().unwrap_or_default()
}

fn insert(rng: &mut Rng, section: &mut Section, line: &str) {
    let at = rng.usize(0..=section.items.len());
    section.items.insert(at, Item::Line(line.to_owned()));
}

fn comments(rng: &mut Rng, file: &mut File) {
    for section in some_sections(rng, file) {
        let line = one_of(rng, &["# a comment", "; key = value", "", "#[section]", "#"]);
        insert(rng, section, line);
    }
    if rng.bool() && !file.sections.is_empty() {
        file.beginning.push("# written by hand".to_owned());
    }
}

fn indented_comments(rng: &mut Rng, file: &mut File) {
    for section in some_sections(rng, file) {
        let line = one_of(rng, &["  # a comment", "\t; key = value", "   "]);
        insert(rng, section, line);
    }
}

fn comments_behind_values(rng: &mut Rng, file: &mut File) {
    let comment = one_of(rng, &[" # c", " ; c", "\t# c", " #c"]);
    for property in some_properties(rng, file) {
        property.comment = comment;
    }
}

fn comments_behind_headers(rng: &mut Rng, file: &mut File) {
    let comment = one_of(rng, &[" # c", "; c", "#c", "  ", " # [c]"]);
    for section in some_sections(rng, file) {
        section.header.comment = comment;
    }
}

fn blanks_in_headers(rng: &mut Rng, file: &mut File) {
    let (before, after) = (one_of(rng, &["", " ", "\t"]), one_of(rng, &["", " ", "\t"]));
    for section in some_sections(rng, file) {
        (section.header.before, section.header.after) = (before, after);
    }
}

fn other_blanks_in_headers(rng: &mut Rng, file: &mut File) {
    let between = one_of(rng, &["  ", "\t", " \t "]);
    for section in some_sections(rng, file) {
        if !section.header.kind.is_empty() {
            section.header.between = between;
        }
    }
}

fn quotes_in_headers(rng: &mut Rng, file: &mut File) {
    for section in some_sections(rng, file) {
        section.header.is_quoted = true;
    }
}

/// Those that are wrong in this file.
fn prefixes(rng: &mut Rng, file: &mut File) {
    for section in some_sections(rng, file) {
        let header = &mut section.header;
        (header.kind, header.between) = match (header.kind, rng.u32(0..4)) {
            (_, 0) => ("profiles", " "),
            (_, 1) => ("profile", ""),
            ("", _) => ("profile", " "),
            _ => ("", ""),
        };
    }
}

/// With and without its prefix, in either order.
fn default_twice(rng: &mut Rng, file: &mut File) {
    let Some(section) = file.sections.iter().find(|section| section.header.name == "default") else { return };
    let kind = if section.header.kind.is_empty() { "profile" } else { "" };
    let mut other = Section::new(kind, "default");
    other.push("aws_access_key_id", "AKIA-OTHER");
    other.push("aws_secret_access_key", "of-the-other");
    let at = rng.usize(0..=file.sections.len());
    file.sections.insert(at, other);
}

fn case_of_keys(rng: &mut Rng, file: &mut File) {
    for property in some_properties(rng, file) {
        property.key = property.key.to_ascii_uppercase();
    }
}

fn equals(rng: &mut Rng, file: &mut File) {
    let equals = one_of(rng, &["=", " =", "= ", "  =\t"]);
    for property in some_properties(rng, file) {
        property.equals = equals;
    }
}

fn colons(rng: &mut Rng, file: &mut File) {
    let colon = one_of(rng, &[": ", " : ", ":"]);
    // There the two signs are told apart by which one comes first.
    let has_both = rng.bool() && file.properties().any(|property| property.value.contains('='));
    for property in some_properties(rng, file) {
        if !has_both {
            property.equals = colon;
        }
    }
    for property in file.properties_mut().filter(|property| has_both && property.value.contains('=')) {
        property.equals = colon;
    }
}

fn windows(_: &mut Rng, file: &mut File) {
    file.is_from_windows = true;
}

fn byte_order_mark(_: &mut Rng, file: &mut File) {
    file.has_byte_order_mark = true;
}

fn sections_twice(rng: &mut Rng, file: &mut File) {
    if let Some(section) = rng.choice(&file.sections).cloned() {
        let mut again = Section { items: Vec::new(), ..section };
        if rng.bool() {
            again.push("region", "us-west-2");
        } else {
            again.push("aws_session_token", "of-the-second");
        }
        file.sections.push(again);
    }
}

fn keys_twice(rng: &mut Rng, file: &mut File) {
    for section in some_sections(rng, file) {
        let first = section.properties().next().map(|property| property.key.clone());
        if let Some(key) = first {
            section.push(&key, "of-the-second");
        }
    }
}

fn continuations(rng: &mut Rng, file: &mut File) {
    let line = one_of(rng, &["  more", "\tmore = of it", "  # of it", "", "   "]);
    for property in some_properties(rng, file) {
        property.more.push(line.to_owned());
    }
}

fn settings_of_others(rng: &mut Rng, file: &mut File) {
    for section in some_sections(rng, file) {
        section.push("s3", "");
        if let Some(Item::Property(s3)) = section.items.last_mut() {
            s3.more.push("    max_concurrent_requests = 20".to_owned());
            s3.more.push(one_of(rng, &["    addressing_style = path", "", "    # c"]).to_owned());
        }
    }
}

fn blank_values(rng: &mut Rng, file: &mut File) {
    for property in some_properties(rng, file) {
        property.value.clear();
    }
}

fn damage(rng: &mut Rng, file: &mut File) {
    match rng.u32(0..6) {
        0 => file.end = vec![b'#', 0xff, 0xfe, b'\n'],
        1 => file.end = b"[profile".to_vec(),
        2 => file.beginning.push("region = eu-west-1".to_owned()),
        3 => file.sections.push(Section::new("", "DEFAULT")),
        4 => {
            for section in some_sections(rng, file) {
                insert(rng, section, "no equals sign");
            }
        }
        _ => {
            for section in some_sections(rng, file) {
                insert(rng, section, "= no key");
            }
        }
    }
}

fn blanks_in_variables(rng: &mut Rng, machine: &mut Machine) {
    let blank = one_of(rng, &[" ", "\n", "\t"]);
    let chosen = rng.usize(0..machine.variables.len().max(1));
    if let Some(value) = machine.variables.values_mut().nth(chosen) {
        value.push_str(blank);
    }
}
