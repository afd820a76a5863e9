//! What kind of thing a device is, by what its user agent says.
//!
//! The rules are those of the Python package `user-agents`, which jwt-allauth's records are made with: people see the
//! same of a session wherever it was opened.

/// What kinds of thing a device is. They do not exclude each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Forms {
    pub(super) mobile: bool,
    pub(super) tablet: bool,
    pub(super) pc: bool,
}

/// A user agent with the families that were found in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Families<'a> {
    pub(super) user_agent: &'a str,
    pub(super) browser: &'a str,
    pub(super) os: &'a str,
    pub(super) os_version: &'a str,
    pub(super) device: &'a str,
}

impl Forms {
    pub(super) fn of(families: &Families<'_>) -> Self {
        let tablet = families.is_tablet();
        Self {
            mobile: families.is_mobile(tablet),
            tablet,
            pc: families.is_pc(),
        }
    }
}

impl Families<'_> {
    fn is_tablet(&self) -> bool {
        TABLETS.contains(&self.device)
            || match self.os {
                // Phones say "Mobile Safari" or "Firefox Mobile", tablets neither.
                "Android" => !self.says("Mobile Safari") && self.browser != "Firefox Mobile",
                "Windows" => self.os_version.starts_with("RT"),
                "Firefox OS" => !self.browser.contains("Mobile"),
                _ => false,
            }
    }

    fn is_mobile(&self, is_tablet: bool) -> bool {
        let by_system = match self.os {
            "Android" | "Firefox OS" => !is_tablet,
            "BlackBerry OS" => self.device != "Blackberry Playbook",
            os => MOBILE_SYSTEMS.contains(&os),
        };
        by_system
            || MOBILE_DEVICES.contains(&self.device)
            || MOBILE_BROWSERS.contains(&self.browser)
            || MOBILE_WORDS.iter().any(|word| self.says(word))
            || self.device == SPIDER && self.browser.contains("Mobile")
            || self.says("NokiaBrowser") && self.says("Mobile")
    }

    fn is_pc(&self) -> bool {
        let by_system = match self.os {
            "Windows" => self.os_version == "ME",
            "Mac OS X" => !self.says("Silk"),
            os => DESKTOP_SYSTEMS.contains(&os),
        };
        // Maemo is Linux with X11 in one hand.
        let by_words = || {
            !self.says("Maemo")
                && (self.os.contains("Chrome OS") || self.says("Linux") && self.says("X11"))
        };
        by_system || self.says("Windows NT") || by_words()
    }

    fn says(&self, word: &str) -> bool {
        self.user_agent.contains(word)
    }
}

/// The family of crawlers.
pub(super) const SPIDER: &str = "Spider";

const TABLETS: [&str; 9] = [
    "iPad",
    "BlackBerry Playbook",
    "Blackberry Playbook",
    "Kindle",
    "Kindle Fire",
    "Kindle Fire HD",
    "Galaxy Tab",
    "Xoom",
    "Dell Streak",
];

const MOBILE_DEVICES: [&str; 6] = [
    "iPhone",
    "iPod",
    "Generic Smartphone",
    "Generic Feature Phone",
    "PlayStation Vita",
    "iOS-Device",
];

const MOBILE_BROWSERS: [&str; 6] = [
    "IE Mobile",
    "Opera Mobile",
    "Opera Mini",
    "Chrome Mobile",
    "Chrome Mobile WebView",
    "Chrome Mobile iOS",
];

const MOBILE_SYSTEMS: [&str; 7] = [
    "Windows Phone",
    "Windows Phone OS",
    "Symbian OS",
    "Bada",
    "Windows CE",
    "Windows Mobile",
    "Maemo",
];

const MOBILE_WORDS: [&str; 4] = ["J2ME", "MIDP", "iPhone;", "Googlebot-Mobile"];

const DESKTOP_SYSTEMS: [&str; 3] = ["Windows 95", "Windows 98", "Solaris"];
