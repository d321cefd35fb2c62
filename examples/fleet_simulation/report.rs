//! The figures as a table for people, and as JSON.

use std::fmt::{self, Write};
use std::time::Duration;

use crate::fleet::{Outcome, WATCHED_AFTER};
use crate::scenario::{Life, Row, Size};

/// One block for each lifetime, both policies side by side.
pub(crate) fn table(rows: &[Row], size: Size) -> Result<String, fmt::Error> {
    let mut text = String::new();
    writeln!(
        text,
        "{} machines, whose source takes {} requests/s and goes away for a while. Watched until {} after its return.",
        size.machines,
        size.capacity(),
        time(WATCHED_AFTER),
    )?;
    let mut life = None;
    // Each outage is two rows: ours and AWS's.
    for pair in rows.chunks_exact(2) {
        let [ours, aws] = pair else { continue };
        if life.replace(ours.scenario.life) != Some(ours.scenario.life) {
            heading(&mut text, ours.scenario.life, size)?;
        }
        write!(text, "{:>8}", time(ours.scenario.outage))?;
        for column in COLUMNS {
            write!(text, "  {:>8} {:>8}", (column.show)(&ours.outcome), (column.show)(&aws.outcome))?;
        }
        writeln!(text)?;
    }
    let errors: u32 = rows.iter().map(|row| row.outcome.errors).sum();
    let unmarked: u32 = rows.iter().map(|row| row.outcome.unmarked).sum();
    writeln!(text, "\nreads that met an error: {errors}; expired credentials without the mark: {unmarked}")?;
    Ok(text)
}

fn heading(text: &mut String, life: Life, size: Size) -> fmt::Result {
    let every = life.renewed_after().as_secs_f64();
    writeln!(
        text,
        "\ncredentials that live {}, renewed {} ahead: {:.1} requests/s in quiet times",
        time(life.lifetime),
        time(life.window),
        f64::from(size.machines) / every,
    )?;
    write!(text, "{:>8}", "outage")?;
    let titles = COLUMNS.map(|column| format!("  {:^17}", column.title)).concat();
    write!(text, "{}\n{:>8}", titles.trim_end(), "")?;
    for _ in COLUMNS {
        write!(text, "  {:>8} {:>8}", "ours", "AWS")?;
    }
    writeln!(text)
}

struct Column {
    title: &'static str,
    show: fn(&Outcome) -> String,
}

const COLUMNS: [Column; 7] = [
    Column { title: "machines affected", show: |outcome| outcome.affected.to_string() },
    Column { title: "time expired", show: |outcome| format!("{:.2} %", outcome.expired_share * 100.0) },
    Column {
        title: "all fresh after",
        show: |outcome| format!("{:.0} s", outcome.all_fresh_after.as_secs_f64()),
    },
    Column { title: "machines waiting", show: |outcome| outcome.waited.to_string() },
    Column { title: "worst wait", show: |outcome| time(outcome.worst_wait) },
    Column { title: "requests/s", show: |outcome| format!("{:.1}", outcome.mean_load) },
    Column { title: "peak afterwards", show: |outcome| outcome.peak_after.to_string() },
];

/// Everything, in seconds and plain numbers.
pub(crate) fn json(rows: &[Row], size: Size) -> Result<String, serde_json::Error> {
    let rows: Vec<_> = rows
        .iter()
        .map(|Row { scenario, outcome }| {
            serde_json::json!({
                "lifetime": scenario.life.lifetime.as_secs(),
                "outage": scenario.outage.as_secs(),
                "policy": scenario.policy.name(),
                "affected": outcome.affected,
                "expired_share": outcome.expired_share,
                "all_fresh_after": outcome.all_fresh_after.as_secs_f64(),
                "waited": outcome.waited,
                "worst_wait": outcome.worst_wait.as_secs_f64(),
                "errors": outcome.errors,
                "unmarked": outcome.unmarked,
                "mean_load": outcome.mean_load,
                "peak_away": outcome.peak_away,
                "peak_after": outcome.peak_after,
            })
        })
        .collect();
    let document = serde_json::json!({
        "machines": size.machines,
        "seed": size.seed,
        "watched_after": WATCHED_AFTER.as_secs(),
        "rows": rows,
    });
    serde_json::to_string_pretty(&document).map(|text| text + "\n")
}

/// `50 ms`, `90 s`, `10 min`, `2 h`.
pub(crate) fn time(duration: Duration) -> String {
    match duration.as_millis() {
        0 => "0".to_owned(),
        millis @ 1..1000 => format!("{millis} ms"),
        1000..120_000 => format!("{} s", duration.as_secs()),
        120_000..7_200_000 => format!("{:.0} min", duration.as_secs_f64() / 60.0),
        _ => format!("{:.0} h", duration.as_secs_f64() / 3600.0),
    }
}
