//! The texts in other languages than English: read once, at the start, from the files under `locales/`.

use std::collections::BTreeMap;

use axum::http::HeaderValue;
use countersign::language::Language;
use fluent_bundle::{FluentArgs, FluentBundle, FluentResource};

use super::text::Message;

/// The languages on offer, each with its texts.
pub(crate) struct Translations(Vec<Translation>);

impl Translations {
    /// Reads the texts in these languages, and offers English besides.
    pub(crate) fn load(offered: &[Language]) -> Self {
        let others = offered
            .iter()
            .filter(|language| **language != Language::English);
        Self(
            [Language::English]
                .iter()
                .chain(others)
                .map(|language| Translation::load(*language))
                .collect(),
        )
    }

    /// The texts in a language that is on offer.
    pub(crate) fn of(&self, language: Language) -> Option<&Translation> {
        self.0
            .iter()
            .find(|translation| translation.language == language)
    }
}

/// The texts in one language.
#[derive(Debug)]
pub(crate) struct Translation {
    language: Language,
    /// `Content-Language`, in small letters as the original writes it.
    pub(crate) name: HeaderValue,
    /// Braces name the place of a value, as in the English. Empty for English, which the program knows by itself.
    texts: BTreeMap<Message, String>,
}

impl Translation {
    fn load(language: Language) -> Self {
        let texts = match language {
            Language::English => BTreeMap::new(),
            _ => read(source(language)),
        };
        // No tag has a character that a header cannot carry: the fallback is never reached.
        let name = HeaderValue::try_from(language.tag().to_ascii_lowercase())
            .unwrap_or(HeaderValue::from_static("en"));
        Self {
            language,
            name,
            texts,
        }
    }

    /// What a message says.
    pub(crate) fn of(&self, message: Message) -> Option<&str> {
        self.texts.get(&message).map(String::as_str)
    }
}

/// Reads a file. It is part of the program, and tests read all of them: what could not be read would stay English.
fn read(source: &str) -> BTreeMap<Message, String> {
    let resource = match FluentResource::try_new(source.to_owned()) {
        Ok(resource) | Err((resource, _)) => resource,
    };
    let mut bundle = FluentBundle::default();
    // Marks around values would be part of the text for clients that print it as it is.
    bundle.set_use_isolating(false);
    bundle.add_resource_overriding(resource);
    Message::ALL
        .into_iter()
        .filter_map(|message| Some((message, text(&bundle, message)?)))
        .collect()
}

/// The text of a message, with its value's name in braces in the place of the value.
fn text(bundle: &FluentBundle<FluentResource>, message: Message) -> Option<String> {
    let pattern = bundle.get_message(message.id())?.value()?;
    let mut values = FluentArgs::new();
    if let Some(name) = message.placeholder() {
        values.set(name, format!("{{{name}}}"));
    }
    let mut errors = Vec::new();
    let text = bundle.format_pattern(pattern, Some(&values), &mut errors);
    errors.is_empty().then(|| text.into_owned())
}

const fn source(language: Language) -> &'static str {
    match language {
        Language::English => include_str!("../../locales/en.ftl"),
        Language::Arabic => include_str!("../../locales/ar.ftl"),
        Language::Czech => include_str!("../../locales/cs.ftl"),
        Language::German => include_str!("../../locales/de.ftl"),
        Language::Greek => include_str!("../../locales/el.ftl"),
        Language::Spanish => include_str!("../../locales/es.ftl"),
        Language::ArgentineSpanish => include_str!("../../locales/es-AR.ftl"),
        Language::ChileanSpanish => include_str!("../../locales/es-CL.ftl"),
        Language::Persian => include_str!("../../locales/fa.ftl"),
        Language::IranianPersian => include_str!("../../locales/fa-IR.ftl"),
        Language::French => include_str!("../../locales/fr.ftl"),
        Language::Hebrew => include_str!("../../locales/he.ftl"),
        Language::Indonesian => include_str!("../../locales/id.ftl"),
        Language::Italian => include_str!("../../locales/it.ftl"),
        Language::Japanese => include_str!("../../locales/ja.ftl"),
        Language::Kazakh => include_str!("../../locales/kk.ftl"),
        Language::Korean => include_str!("../../locales/ko.ftl"),
        Language::Dutch => include_str!("../../locales/nl.ftl"),
        Language::Polish => include_str!("../../locales/pl.ftl"),
        Language::Portuguese => include_str!("../../locales/pt.ftl"),
        Language::BrazilianPortuguese => include_str!("../../locales/pt-BR.ftl"),
        Language::Romanian => include_str!("../../locales/ro.ftl"),
        Language::Russian => include_str!("../../locales/ru.ftl"),
        Language::Slovenian => include_str!("../../locales/sl.ftl"),
        Language::Swedish => include_str!("../../locales/sv.ftl"),
        Language::Turkish => include_str!("../../locales/tr.ftl"),
        Language::Ukrainian => include_str!("../../locales/uk.ftl"),
        Language::SimplifiedChinese => include_str!("../../locales/zh-Hans.ftl"),
    }
}

#[cfg(test)]
mod tests;
