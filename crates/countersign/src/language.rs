//! The languages that texts for people can be in. This crate only names them; whoever speaks to people has the texts.

/// A language.
///
/// The order is that of the tags, English first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English, which is the wire contract: whoever names no language gets it.
    English,
    /// Arabic.
    Arabic,
    /// Czech.
    Czech,
    /// German.
    German,
    /// Greek.
    Greek,
    /// Spanish.
    Spanish,
    /// Spanish as in Argentina.
    ArgentineSpanish,
    /// Spanish as in Chile.
    ChileanSpanish,
    /// Persian.
    Persian,
    /// Persian as in Iran.
    IranianPersian,
    /// French.
    French,
    /// Hebrew.
    Hebrew,
    /// Indonesian.
    Indonesian,
    /// Italian.
    Italian,
    /// Japanese.
    Japanese,
    /// Kazakh.
    Kazakh,
    /// Korean.
    Korean,
    /// Dutch.
    Dutch,
    /// Polish.
    Polish,
    /// Portuguese.
    Portuguese,
    /// Portuguese as in Brazil.
    BrazilianPortuguese,
    /// Romanian.
    Romanian,
    /// Russian.
    Russian,
    /// Slovenian.
    Slovenian,
    /// Swedish.
    Swedish,
    /// Turkish.
    Turkish,
    /// Ukrainian.
    Ukrainian,
    /// Chinese in simplified characters.
    SimplifiedChinese,
}

impl Language {
    /// Every language there is.
    pub const ALL: [Self; 28] = [
        Self::English,
        Self::Arabic,
        Self::Czech,
        Self::German,
        Self::Greek,
        Self::Spanish,
        Self::ArgentineSpanish,
        Self::ChileanSpanish,
        Self::Persian,
        Self::IranianPersian,
        Self::French,
        Self::Hebrew,
        Self::Indonesian,
        Self::Italian,
        Self::Japanese,
        Self::Kazakh,
        Self::Korean,
        Self::Dutch,
        Self::Polish,
        Self::Portuguese,
        Self::BrazilianPortuguese,
        Self::Romanian,
        Self::Russian,
        Self::Slovenian,
        Self::Swedish,
        Self::Turkish,
        Self::Ukrainian,
        Self::SimplifiedChinese,
    ];

    /// Its tag (RFC 5646), such as `pt-BR`.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Arabic => "ar",
            Self::Czech => "cs",
            Self::German => "de",
            Self::Greek => "el",
            Self::Spanish => "es",
            Self::ArgentineSpanish => "es-AR",
            Self::ChileanSpanish => "es-CL",
            Self::Persian => "fa",
            Self::IranianPersian => "fa-IR",
            Self::French => "fr",
            Self::Hebrew => "he",
            Self::Indonesian => "id",
            Self::Italian => "it",
            Self::Japanese => "ja",
            Self::Kazakh => "kk",
            Self::Korean => "ko",
            Self::Dutch => "nl",
            Self::Polish => "pl",
            Self::Portuguese => "pt",
            Self::BrazilianPortuguese => "pt-BR",
            Self::Romanian => "ro",
            Self::Russian => "ru",
            Self::Slovenian => "sl",
            Self::Swedish => "sv",
            Self::Turkish => "tr",
            Self::Ukrainian => "uk",
            Self::SimplifiedChinese => "zh-Hans",
        }
    }

    /// The language with that tag, in capital or small letters.
    pub fn parse(tag: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|language| language.tag().eq_ignore_ascii_case(tag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_a_tag_of_its_own() {
        for language in Language::ALL {
            assert_eq!(Language::parse(language.tag()), Some(language));
            let upper = language.tag().to_ascii_uppercase();
            assert_eq!(Language::parse(&upper), Some(language));
        }
        for unknown in ["", "xx", "de-", "de-DE", "zh"] {
            assert_eq!(Language::parse(unknown), None, "{unknown}");
        }
    }
}
