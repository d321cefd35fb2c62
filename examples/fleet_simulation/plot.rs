//! The plot of the docs, as plain SVG: a column for each lifetime, a row for each question, a line for each policy.

use std::fmt::{self, Write};

use crate::fleet::Outcome;
use crate::report::time;
use crate::scenario::{LIVES, Life, OUTAGES, Policy, Row, Size};

pub(crate) fn svg(rows: &[Row], size: Size) -> Result<String, fmt::Error> {
    let (width, height) = (LEFT + 3.0 * PANEL.across, TOP + 3.0 * PANEL.down - 40.0);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n\
         <text x=\"{LEFT}\" y=\"20\" font-size=\"14\">{} machines whose source of credentials goes away, by the length of the outage</text>\n",
        size.machines,
    );
    for (number, policy) in Policy::BOTH.into_iter().enumerate() {
        let x = width - 190.0 + 90.0 * number_of(number);
        let color = color(policy);
        writeln!(
            text,
            "<path d=\"M{x} 38h24\" stroke=\"{color}\" stroke-width=\"2.5\"/><text x=\"{}\" y=\"42\">{}</text>",
            x + 30.0,
            policy.name()
        )?;
    }
    for (down, question) in QUESTIONS.iter().enumerate() {
        let most = (question.most)(size);
        for (across, life) in LIVES.into_iter().enumerate() {
            let (x, y) = (LEFT + number_of(across) * PANEL.across, TOP + number_of(down) * PANEL.down);
            let panel = Panel { x, y, most };
            panel.axes(&mut text, question, life, across == 0)?;
            for policy in Policy::BOTH {
                let of_it = |row: &&Row| row.scenario.life == life && row.scenario.policy == policy;
                let values = rows.iter().filter(of_it).map(|row| (question.ask)(&row.outcome, size));
                panel.line(&mut text, policy, values)?;
            }
        }
    }
    text.push_str("</svg>\n");
    Ok(text)
}

struct Question {
    title: &'static str,
    /// The end of the axis.
    most: fn(Size) -> f64,
    ask: fn(&Outcome, Size) -> f64,
}

const QUESTIONS: [Question; 3] = [
    Question {
        title: "machines that held only expired credentials, %",
        most: |_| 100.0,
        ask: |outcome, size| f64::from(outcome.affected) * 100.0 / f64::from(size.machines),
    },
    Question {
        title: "after the outage: seconds until all are fresh",
        most: |_| 600.0,
        ask: |outcome, _| outcome.all_fresh_after.as_secs_f64(),
    },
    Question {
        title: "requests a second, of those the source can take",
        most: |size| f64::from(size.capacity()),
        ask: |outcome, _| outcome.mean_load,
    },
];

/// One diagram, by its upper left corner.
struct Panel {
    x: f64,
    y: f64,
    most: f64,
}

impl Panel {
    fn axes(&self, text: &mut String, question: &Question, life: Life, first: bool) -> fmt::Result {
        let (x, y, floor) = (self.x, self.y, self.y + PLOT.down);
        writeln!(
            text,
            "<text x=\"{x}\" y=\"{}\" font-weight=\"bold\">credentials live {}</text>",
            y - 22.0,
            time(life.lifetime)
        )?;
        writeln!(text, "<text x=\"{x}\" y=\"{}\" fill=\"#444\">{}</text>", y - 7.0, question.title)?;
        for part in [0.0, 0.5, 1.0] {
            let level = floor - part * PLOT.down;
            writeln!(text, "<path d=\"M{x} {level:.1}h{}\" stroke=\"#ddd\"/>", PLOT.across)?;
            if first {
                let value = self.most * part;
                writeln!(
                    text,
                    "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{value}</text>",
                    x - 6.0,
                    level + 4.0
                )?;
            }
        }
        for (number, outage) in OUTAGES.into_iter().enumerate() {
            let (at, y) = (self.at(number), floor + 16.0);
            writeln!(text, "<text x=\"{at:.1}\" y=\"{y}\" text-anchor=\"middle\">{}</text>", time(outage))?;
        }
        Ok(())
    }

    fn line(&self, text: &mut String, policy: Policy, values: impl Iterator<Item = f64>) -> fmt::Result {
        let color = color(policy);
        let floor = self.y + PLOT.down;
        let points: Vec<_> = values
            .enumerate()
            .map(|(number, value)| (self.at(number), floor - (value / self.most).min(1.0) * PLOT.down))
            .collect();
        let path: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        writeln!(
            text,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\"/>",
            path.join(" ")
        )?;
        points.iter().try_for_each(|(x, y)| {
            writeln!(text, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{color}\"/>")
        })
    }

    /// Outages stand side by side, each as far from the next as the others: lengths grow by a factor.
    fn at(&self, number: usize) -> f64 {
        self.x + PLOT.across * (number_of(number) + 0.5) / number_of(OUTAGES.len())
    }
}

fn color(policy: Policy) -> &'static str {
    match policy {
        Policy::Ours => "#1f6fb4",
        Policy::Aws => "#d9761c",
    }
}

#[allow(clippy::cast_precision_loss, reason = "a handful")]
fn number_of(number: usize) -> f64 {
    number as f64
}

struct Extent {
    across: f64,
    down: f64,
}

const LEFT: f64 = 46.0;
const TOP: f64 = 84.0;
const PANEL: Extent = Extent { across: 320.0, down: 220.0 };
const PLOT: Extent = Extent { across: 290.0, down: 140.0 };
