//! Breadth first through everything that may happen; each world is met once.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};

use super::rules::Rules;
use super::world::{Broken, Settings, Step, World};

/// What an exploration met.
#[derive(Debug)]
pub(super) struct Explored {
    pub(super) states: usize,
    pub(super) transitions: usize,
    /// What is broken, and the shortest history that leads there.
    pub(super) broken: Option<(Broken, Vec<Step>)>,
}

/// Explores every history within the bounds, up to the first that breaks something.
pub(super) fn explore(rules: &Rules, settings: &Settings) -> Explored {
    let mut met = HashMap::from([(World::begin(), None)]);
    let mut ahead = VecDeque::from([World::begin()]);
    let (mut steps, mut transitions) = (Vec::new(), 0);
    while let Some(world) = ahead.pop_front() {
        world.steps(settings, &mut steps);
        for &step in &steps {
            transitions += 1;
            match world.after(step, rules, settings) {
                Ok(next) => {
                    if let Entry::Vacant(place) = met.entry(next) {
                        place.insert(Some((world, step)));
                        ahead.push_back(next);
                    }
                }
                Err(broken) => {
                    let mut history = history_of(&met, world);
                    history.push(step);
                    return Explored {
                        states: met.len(),
                        transitions,
                        broken: Some((broken, history)),
                    };
                }
            }
        }
    }
    Explored {
        states: met.len(),
        transitions,
        broken: None,
    }
}

fn history_of(met: &HashMap<World, Option<(World, Step)>>, mut world: World) -> Vec<Step> {
    let mut history = Vec::new();
    while let Some((before, step)) = met[&world] {
        history.push(step);
        world = before;
    }
    history.reverse();
    history
}
