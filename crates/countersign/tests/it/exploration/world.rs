//! The world that is explored: one session, its owner in two tabs, a thief, an operator, and two nodes.
//!
//! The tabs share a jar, as the tabs of a browser do: each reads the token from there when it asks, and puts there
//! what it is answered. The thief copies what is in the jar whenever he likes, and presents what he has copied, and
//! what he was given for it, wherever and as late as he likes. A request is carried out in steps, one for each
//! transaction and one for the answer; between any two of them anything else may happen, a crash of the node included.
//!
//! # What is assumed of the owner
//! A request is carried out in the tick in which it is sent or in the next one, and so is it answered or lost; a
//! token is used for [`PACE`] ticks before the next one is asked for, unless an answer did not come. Nothing is
//! assumed of the others.

use countersign::session::{ClientDigest, EndCause};

use super::rules::{EndByReuse, Judged, Looks, Rules, accepts_access, refresh};

/// The bounds of a world and what varies between worlds.
#[derive(Clone, Copy)]
pub(super) struct Settings {
    /// The grace for the token before the current one, in ticks.
    pub(super) grace: u8,
    /// The tick at which the session is over by itself.
    pub(super) deadline: Option<i8>,
    /// How far ahead the second node's clock is.
    pub(super) skew: i8,
    /// Whether the thief passes for the owner's browser.
    pub(super) disguised: bool,
    /// The last tick.
    pub(super) last_tick: i8,
    /// How many answers and requests can be lost, and nodes crash.
    pub(super) mishaps: u8,
    /// How often the thief presents a token.
    pub(super) thefts: u8,
    /// Whether there is an operator.
    pub(super) operator: bool,
    /// Whether the owner signs out.
    pub(super) sign_out: bool,
}

impl Settings {
    pub(super) fn client_of(&self, who: Who) -> ClientDigest {
        match who {
            Who::Thief if !self.disguised => ClientDigest::from_bits(2),
            Who::Owner | Who::Thief => ClientDigest::from_bits(1),
        }
    }

    fn clock(&self, node: u8, tick: i8) -> i8 {
        if node == 0 { tick } else { tick + self.skew }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Who {
    Owner,
    Thief,
}

/// The session's row, as far as it moves.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Row {
    pub(super) generation: u8,
    /// By the clock of the node that rotated.
    pub(super) rotated_at: i8,
    pub(super) rotated_by: Who,
    pub(super) ended: Option<EndCause>,
}

/// What a node knows of the log.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct NodeIndex {
    /// Whether its last look still counts. A tick is longer than the poll interval.
    pub(super) fresh: bool,
    /// Whether it has seen the entry that ends the session.
    pub(super) knows_end: bool,
}

/// What a tab waits for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(super) enum Request {
    None,
    /// On its way to a node.
    Refresh {
        generation: u8,
        node: u8,
        since: i8,
    },
    SignOut {
        node: u8,
        since: i8,
    },
    /// At a node that has found a reuse and is about to commit the end.
    Ending {
        node: u8,
        since: i8,
    },
    /// Committed; the answer is on its way.
    Answered {
        answer: Answer,
        node: u8,
        since: i8,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(super) enum Answer {
    /// The token of this generation.
    Successor(u8),
    /// Refused, though the session may live.
    Refused,
    /// The session had ended before.
    Over,
    /// This request has ended the session.
    Ended,
}

/// How far the operator's command has come.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Command {
    NotBegun,
    /// Committed; it waits for a tick before it returns.
    Waiting {
        since: i8,
    },
    Returned,
}

/// Who was told that the session is over; the last of them is told the most.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(super) enum Acknowledged {
    Nobody,
    /// A client, by a node that only read it.
    Somebody,
    /// A client, by the node that ended it.
    By(u8),
    /// The operator.
    ByCommand,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct World {
    tick: i8,
    row: Row,
    /// When the end was committed.
    ended_at: i8,
    /// When the token before the current one was spent, by the world's own clock.
    spent_at: i8,
    nodes: [NodeIndex; 2],
    tabs: [Request; 2],
    jar: u8,
    jar_since: i8,
    /// Whether an answer to the jar's token did not come.
    unanswered: bool,
    /// The generations that the thief holds, one bit each.
    stolen: u8,
    thefts: u8,
    /// The node at which a request of the thief's has found a reuse and is about to commit the end.
    thief_ends_at: Option<u8>,
    command: Command,
    mishaps: u8,
    acknowledged: Acknowledged,
    /// What each generation was exchanged for.
    child_of: [Option<u8>; GENERATIONS],
    /// Whether anything has happened that may log the owner out.
    has_cause: bool,
}

/// What may happen next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    Tick,
    AskToRefresh { tab: usize, node: u8 },
    AskToSignOut { tab: usize, node: u8 },
    CarryOut { tab: usize },
    Arrive { tab: usize },
    Lose { tab: usize },
    Crash { node: u8 },
    Copy,
    Present { generation: u8, node: u8 },
    EndForThief,
    Command,
    CommandReturns,
    UseAccess { node: u8 },
}

/// What must never be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Broken {
    TwoLiveChildren,
    LivesAfterItsEnd,
    LoggedOutWithoutACause,
    /// The store did not rotate, and `decide` does not say why.
    NoRuleApplies,
}

impl World {
    /// Just signed in.
    pub(super) fn begin() -> Self {
        Self {
            tick: 0,
            row: Row {
                generation: 0,
                rotated_at: 0,
                rotated_by: Who::Owner,
                ended: None,
            },
            ended_at: 0,
            spent_at: 0,
            nodes: [NodeIndex {
                fresh: false,
                knows_end: false,
            }; 2],
            tabs: [Request::None; 2],
            jar: 0,
            jar_since: 0,
            unanswered: false,
            stolen: 0,
            thefts: 0,
            thief_ends_at: None,
            command: Command::NotBegun,
            mishaps: 0,
            acknowledged: Acknowledged::Nobody,
            child_of: [None; GENERATIONS],
            has_cause: false,
        }
    }

    pub(super) fn steps(&self, settings: &Settings, steps: &mut Vec<Step>) {
        steps.clear();
        if self.tick < settings.last_tick && !self.tabs.iter().any(|tab| self.is_urgent(*tab)) {
            steps.push(Step::Tick);
        }
        for tab in 0..2 {
            self.steps_of_tab(settings, tab, steps);
        }
        self.steps_of_thief(settings, steps);
        match self.command {
            Command::NotBegun if settings.operator && self.row.ended.is_none() => {
                steps.push(Step::Command);
            }
            Command::Waiting { since } if since < self.tick => steps.push(Step::CommandReturns),
            _ => {}
        }
        for node in 0..2 {
            // Nobody can be wrongly admitted before there is an end.
            if self.row.ended.is_some() {
                steps.push(Step::UseAccess { node });
            }
            if self.mishaps < settings.mishaps && self.has_work_at(node) {
                steps.push(Step::Crash { node });
            }
        }
    }

    fn steps_of_tab(&self, settings: &Settings, tab: usize, steps: &mut Vec<Step>) {
        let request = self.tabs[tab];
        match request {
            Request::None => {
                let is_due = self.tick - self.jar_since >= PACE || self.unanswered;
                let may_go_on = usize::from(self.jar) + 1 < GENERATIONS;
                // Of two tabs that wait for nothing, it makes no difference which one asks.
                let is_first = tab == 0 || self.tabs[0] != Request::None;
                for node in 0..2 {
                    if is_due && may_go_on && is_first {
                        steps.push(Step::AskToRefresh { tab, node });
                    }
                    if settings.sign_out && is_first {
                        steps.push(Step::AskToSignOut { tab, node });
                    }
                }
            }
            Request::Refresh { .. } | Request::SignOut { .. } | Request::Ending { .. } => {
                steps.push(Step::CarryOut { tab });
            }
            Request::Answered { .. } => steps.push(Step::Arrive { tab }),
        }
        if request != Request::None && self.mishaps < settings.mishaps {
            steps.push(Step::Lose { tab });
        }
    }

    fn steps_of_thief(&self, settings: &Settings, steps: &mut Vec<Step>) {
        if self.thief_ends_at.is_some() {
            steps.push(Step::EndForThief);
            return;
        }
        if self.thefts == settings.thefts {
            return;
        }
        if self.stolen & (1 << self.jar) == 0 {
            steps.push(Step::Copy);
        }
        for generation in (0..=self.row.generation).filter(|g| self.stolen & (1 << g) != 0) {
            if usize::from(generation) + 1 < GENERATIONS {
                steps.push(Step::Present {
                    generation,
                    node: 0,
                });
                steps.push(Step::Present {
                    generation,
                    node: 1,
                });
            }
        }
    }

    /// Whether it must go on before time does.
    fn is_urgent(&self, request: Request) -> bool {
        match request {
            Request::None => false,
            Request::Refresh { since, .. }
            | Request::SignOut { since, .. }
            | Request::Ending { since, .. }
            | Request::Answered { since, .. } => since < self.tick,
        }
    }

    fn has_work_at(&self, at: u8) -> bool {
        let is_there = |request: &Request| match *request {
            Request::None => false,
            Request::Refresh { node, .. }
            | Request::SignOut { node, .. }
            | Request::Ending { node, .. }
            | Request::Answered { node, .. } => node == at,
        };
        self.tabs.iter().any(is_there) || self.thief_ends_at == Some(at)
    }

    /// The world after a step.
    ///
    /// # Errors
    /// What it breaks.
    pub(super) fn after(
        mut self,
        step: Step,
        rules: &Rules,
        settings: &Settings,
    ) -> Result<Self, Broken> {
        match step {
            Step::Tick => {
                self.tick += 1;
                if rules.looks == Looks::Again {
                    self.nodes.iter_mut().for_each(|node| node.fresh = false);
                }
            }
            Step::AskToRefresh { tab, node } => {
                self.tabs[tab] = Request::Refresh {
                    generation: self.jar,
                    node,
                    since: self.tick,
                };
            }
            Step::AskToSignOut { tab, node } => {
                let since = self.tick;
                self.tabs[tab] = Request::SignOut { node, since };
                self.has_cause = true;
            }
            Step::CarryOut { tab } => self.carry_out(tab, rules, settings)?,
            Step::Arrive { tab } => self.arrive(tab)?,
            Step::Lose { tab } => {
                self.mishaps += 1;
                self.drop_request(tab);
            }
            Step::Crash { node } => self.crash(node),
            Step::Copy => self.stolen |= 1 << self.jar,
            Step::Present { generation, node } => {
                self.present(generation, node, rules, settings)?;
            }
            Step::EndForThief => {
                if let Some(node) = self.thief_ends_at.take() {
                    self.end_by_reuse(node, rules);
                    self.acknowledge(Acknowledged::By(node));
                }
            }
            Step::Command => {
                self.end(EndCause::EndedByOperator);
                self.has_cause = true;
                self.command = Command::Waiting { since: self.tick };
            }
            Step::CommandReturns => {
                self.command = Command::Returned;
                self.acknowledge(Acknowledged::ByCommand);
            }
            Step::UseAccess { node } => self.use_access(node)?,
        }
        // Which tab is which makes no difference.
        self.tabs.sort_unstable_by(|a, b| b.cmp(a));
        Ok(self)
    }

    fn carry_out(&mut self, tab: usize, rules: &Rules, settings: &Settings) -> Result<(), Broken> {
        let since = self.tick;
        self.tabs[tab] = match self.tabs[tab] {
            Request::Refresh {
                generation, node, ..
            } => {
                self.note_causes(generation, node, settings);
                match self.refresh(generation, Who::Owner, node, rules, settings)? {
                    Some(answer) => Request::Answered {
                        answer,
                        node,
                        since,
                    },
                    None => Request::Ending { node, since },
                }
            }
            Request::SignOut { node, .. } => {
                let answer = self.sign_out(node);
                Request::Answered {
                    answer,
                    node,
                    since,
                }
            }
            Request::Ending { node, .. } => {
                self.end_by_reuse(node, rules);
                let answer = Answer::Ended;
                Request::Answered {
                    answer,
                    node,
                    since,
                }
            }
            other @ (Request::None | Request::Answered { .. }) => other,
        };
        Ok(())
    }

    fn arrive(&mut self, tab: usize) -> Result<(), Broken> {
        let request = std::mem::replace(&mut self.tabs[tab], Request::None);
        let Request::Answered { answer, node, .. } = request else {
            return Ok(());
        };
        self.unanswered = false;
        match answer {
            Answer::Successor(generation) => {
                self.jar = generation;
                self.jar_since = self.tick;
                return Ok(());
            }
            Answer::Ended => self.acknowledge(Acknowledged::By(node)),
            Answer::Over => self.acknowledge(Acknowledged::Somebody),
            Answer::Refused => {}
        }
        if self.has_cause {
            Ok(())
        } else {
            Err(Broken::LoggedOutWithoutACause)
        }
    }

    fn present(
        &mut self,
        generation: u8,
        node: u8,
        rules: &Rules,
        settings: &Settings,
    ) -> Result<(), Broken> {
        self.thefts += 1;
        self.has_cause = true;
        match self.refresh(generation, Who::Thief, node, rules, settings)? {
            Some(Answer::Successor(generation)) => self.stolen |= 1 << generation,
            Some(Answer::Over) => self.acknowledge(Acknowledged::Somebody),
            Some(Answer::Refused | Answer::Ended) => {}
            None => self.thief_ends_at = Some(node),
        }
        Ok(())
    }

    /// The refresh up to its first commit; `None` if the end of the session is yet to be committed.
    fn refresh(
        &mut self,
        generation: u8,
        by: Who,
        node: u8,
        rules: &Rules,
        settings: &Settings,
    ) -> Result<Option<Answer>, Broken> {
        self.look(node);
        let clock = settings.clock(node, self.tick);
        let judged = refresh(rules, settings, self.row, generation, by, clock);
        let Some(judged) = judged else {
            return Err(Broken::NoRuleApplies);
        };
        let successor = match judged {
            Judged::Won(next) => {
                self.row = next;
                self.spent_at = self.tick;
                next.generation
            }
            Judged::Replayed(generation) => generation,
            Judged::Over => return Ok(Some(Answer::Over)),
            Judged::Refused => return Ok(Some(Answer::Refused)),
            Judged::ToEnd => return Ok(None),
        };
        if self.acknowledged != Acknowledged::Nobody {
            return Err(Broken::LivesAfterItsEnd);
        }
        let child = &mut self.child_of[usize::from(generation)];
        if child.is_some_and(|known| known != successor) {
            return Err(Broken::TwoLiveChildren);
        }
        *child = Some(successor);
        Ok(Some(Answer::Successor(successor)))
    }

    /// What the ledger says may log an owner out who does nothing wrong: the deadline, and an answer that was lost
    /// and asked for again only after the grace.
    fn note_causes(&mut self, generation: u8, node: u8, settings: &Settings) {
        let clock = settings.clock(node, self.tick);
        let is_over = settings.deadline.is_some_and(|deadline| deadline <= clock);
        let is_previous = generation + 1 == self.row.generation;
        // A clock that differs takes as much from the grace.
        let grace = i8::try_from(settings.grace).unwrap() - settings.skew;
        let is_late = is_previous && self.tick - self.spent_at > grace;
        self.has_cause |= is_over || is_late;
    }

    fn sign_out(&mut self, node: u8) -> Answer {
        if self.row.ended.is_some() {
            return Answer::Over;
        }
        self.end(EndCause::Logout);
        self.catch_up(node);
        Answer::Ended
    }

    /// Ends the session, once: an ended session keeps its cause.
    fn end(&mut self, cause: EndCause) {
        if self.row.ended.is_none() {
            self.row.ended = Some(cause);
            self.ended_at = self.tick;
        }
    }

    fn end_by_reuse(&mut self, node: u8, rules: &Rules) {
        if rules.end_by_reuse == EndByReuse::Committed {
            self.end(EndCause::ReuseDetected);
        }
        self.catch_up(node);
    }

    fn acknowledge(&mut self, by: Acknowledged) {
        self.acknowledged = self.acknowledged.max(by);
    }

    fn look(&mut self, node: u8) {
        if !self.nodes[usize::from(node)].fresh {
            self.catch_up(node);
        }
    }

    fn catch_up(&mut self, node: u8) {
        self.nodes[usize::from(node)] = NodeIndex {
            fresh: true,
            knows_end: self.row.ended.is_some(),
        };
    }

    /// An access token is shown to a node. It may be accepted there, after an end that was acknowledged, if nobody
    /// but another node's client was told so, and only until the node has to look again.
    fn use_access(&mut self, node: u8) -> Result<(), Broken> {
        self.look(node);
        let must_know = match self.acknowledged {
            Acknowledged::Nobody => false,
            Acknowledged::Somebody => self.tick > self.ended_at,
            Acknowledged::By(ender) => ender == node || self.tick > self.ended_at,
            Acknowledged::ByCommand => true,
        };
        if must_know && accepts_access(self.nodes[usize::from(node)].knows_end) {
            return Err(Broken::LivesAfterItsEnd);
        }
        Ok(())
    }

    fn crash(&mut self, at: u8) {
        self.mishaps += 1;
        self.nodes[usize::from(at)] = NodeIndex {
            fresh: false,
            knows_end: false,
        };
        if self.thief_ends_at == Some(at) {
            self.thief_ends_at = None;
        }
        for tab in 0..2 {
            match self.tabs[tab] {
                Request::Refresh { node, .. }
                | Request::SignOut { node, .. }
                | Request::Ending { node, .. }
                | Request::Answered { node, .. }
                    if node == at =>
                {
                    self.drop_request(tab);
                }
                _ => {}
            }
        }
    }

    fn drop_request(&mut self, tab: usize) {
        self.tabs[tab] = Request::None;
        self.unanswered = true;
    }
}

/// Generations that a history goes through.
const GENERATIONS: usize = 5;

/// For how many ticks a token is used before the next one is asked for.
const PACE: i8 = 3;
