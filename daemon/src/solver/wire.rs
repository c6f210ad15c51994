//! What the daemon and its solver's process say to each other.
//!
//! The site and the tables of its pumps are large and hardly ever change: they are sent once, and
//! again when they are others. Everything else comes with each question, the planner's memory too:
//! the process remembers nothing that matters.

use super::{Answer, Asked, Question};
use hydraulics::{HydraulicsError, Network};
use policies::water::{Group, Tables, WaterModel};
use serde::{Deserialize, Serialize};
use site::Site;
use site::plan::{Estimate, Forecast};
use std::path::PathBuf;
use std::sync::Arc;

/// A question, with what the other side does not know yet.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Request {
    /// Its number; the answer has the same.
    pub number: u64,
    /// The site, when it is another.
    pub site: Option<Arc<Site>>,
    /// The network's file, when it is another.
    pub network: Option<NetworkFile>,
    /// What pumps do, when it is something else.
    pub water: Option<Water>,
    /// What is believed.
    pub estimate: Estimate,
    /// What is expected.
    pub forecast: Forecast,
    /// What is asked.
    pub question: Question,
}

/// What the process says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Reply {
    /// It is ready for questions: said once, at the beginning.
    Ready,
    /// An answer.
    Answer {
        /// The number of the question.
        number: u64,
        /// The answer.
        answer: Answer,
    },
    /// There cannot be an answer.
    Unable {
        /// The number of the question.
        number: u64,
        /// In words.
        why: String,
    },
}

/// A network's file as it was loaded: it may be another one by now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkFile {
    /// Where it was, for messages.
    path: PathBuf,
    /// Its bytes, each as the character of its number: files from elsewhere are not always UTF-8.
    text: String,
}

impl NetworkFile {
    fn of(network: &Network) -> Self {
        let text = network.text().iter().map(|&byte| char::from(byte)).collect();
        Self { path: network.path().to_owned(), text }
    }

    /// Loads it.
    ///
    /// # Errors
    /// When EPANET cannot, or the file is none.
    pub(super) fn load(&self) -> Result<Network, HydraulicsError> {
        // A character beyond the 256 is not ours; EPANET then has its say about the question mark.
        let byte = |character| u8::try_from(u32::from(character)).unwrap_or(b'?');
        Network::read(&self.path, self.text.chars().map(byte).collect())
    }
}

/// A water model without its network.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Water {
    groups: Vec<Group>,
    tanks: Vec<usize>,
    tables: Tables,
}

impl Water {
    fn of(model: &WaterModel) -> Self {
        let WaterModel { groups, tanks, tables, .. } = model;
        Self { groups: groups.clone(), tanks: tanks.clone(), tables: tables.clone() }
    }

    /// Together with its network.
    pub(super) fn model(self, network: Network) -> WaterModel {
        WaterModel { network, groups: self.groups, tanks: self.tanks, tables: self.tables }
    }
}

/// What a process was told and still knows.
#[derive(Debug, Default)]
pub(super) struct Known {
    site: Option<Arc<Site>>,
    water: Option<Arc<WaterModel>>,
}

impl Known {
    /// Whether a process that knows this can be asked: one cannot be told to forget a network.
    pub(super) fn serves(&self, asked: &Asked) -> bool {
        self.water.is_none() || asked.water.is_some()
    }

    /// The question for a process that knows this; it is taken to know the rest afterwards.
    pub(super) fn request(&mut self, number: u64, asked: &Asked, question: Question) -> Request {
        let same = |known: &Arc<Site>| Arc::ptr_eq(known, &asked.site);
        let site = (!self.site.as_ref().is_some_and(same)).then(|| Arc::clone(&asked.site));
        let known = self.water.as_ref();
        let other = asked
            .water
            .as_ref()
            .filter(|model| known.is_none_or(|known| !Arc::ptr_eq(known, model)));
        let elsewhere =
            other.filter(|model| known.is_none_or(|known| !known.network.is_same(&model.network)));
        let request = Request {
            number,
            site,
            network: elsewhere.map(|model| NetworkFile::of(&model.network)),
            water: other.map(|model| Water::of(model)),
            estimate: asked.estimate.clone(),
            forecast: asked.forecast.clone(),
            question,
        };
        (self.site, self.water) = (Some(Arc::clone(&asked.site)), asked.water.clone());
        request
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::load;
    use policies::optimise::Planner;
    use std::path::Path;

    fn asked() -> Asked {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/sites/val-clair/site.yaml");
        let loaded = load(Path::new(path)).expect("the example has no findings");
        Asked {
            site: loaded.site,
            water: loaded.water,
            estimate: Estimate::default(),
            forecast: Forecast::default(),
        }
    }

    fn json<T: Serialize>(thing: &T) -> String {
        serde_json::to_string(thing).expect("JSON")
    }

    #[test]
    fn what_is_large_is_sent_once_and_when_it_is_another() {
        let (mut known, mut asked) = (Known::default(), asked());
        let mut sent = |asked: &Asked| {
            let question = Question::Plan { planner: Box::new(Planner::default()) };
            let Request { site, network, water, .. } = known.request(1, asked, question);
            (site.is_some(), network.is_some(), water.is_some())
        };
        assert_eq!(sent(&asked), (true, true, true));
        assert_eq!(sent(&asked), (false, false, false));
        assert_eq!(sent(&asked.clone()), (false, false, false), "a copy of the question");
        asked.site = Arc::new((*asked.site).clone());
        assert_eq!(sent(&asked), (true, false, false), "a renewed tariff makes another site");
        let model = asked.water.clone().expect("it has water");
        let measured = model.corrected(&[0.9, 1.1], &[1.0, 1.05]);
        asked.water = Some(Arc::new(measured));
        assert_eq!(sent(&asked), (false, false, true), "measurements make other tables");
        assert_eq!(sent(&asked), (false, false, false));
        assert!(known.serves(&asked));
        asked.water = None;
        assert!(!known.serves(&asked), "what was told of a network cannot be taken back");
        assert!(Known::default().serves(&asked));
    }

    #[test]
    fn site_and_tables_arrive_as_they_were() {
        let asked = asked();
        let site: Site = serde_json::from_str(&json(&*asked.site)).expect("a site");
        assert_eq!(format!("{site:?}"), format!("{:?}", asked.site));
        let model = asked.water.expect("it has water").corrected(&[0.9, 1.1], &[1.0, 1.05]);
        let water: Water = serde_json::from_str(&json(&Water::of(&model))).expect("tables");
        assert_eq!(json(&Water::of(&water.model(model.network.clone()))), json(&Water::of(&model)));
    }

    #[test]
    fn a_network_file_arrives_byte_by_byte() {
        let network = asked().water.expect("it has water").network.clone();
        // A remark as other countries' programs write it.
        let text = [network.text(), b"\n; r\xe9servoir \xff\x80\n"].concat();
        let odd = Network::read(Path::new("odd.inp"), text.clone()).expect("a network");
        let file: NetworkFile =
            serde_json::from_str(&json(&NetworkFile::of(&odd))).expect("a file");
        let arrived = file.load().expect("a network");
        assert_eq!((arrived.text(), arrived.path()), (&text[..], odd.path()));
        assert!(!arrived.is_same(&odd) && odd.is_same(&odd.clone()));
    }
}
