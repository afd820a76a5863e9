use fluent_bundle::FluentResource;

use super::super::text::Text;
use super::*;

/// All languages but English.
fn others() -> impl Iterator<Item = Language> {
    let all = Language::ALL.into_iter();
    all.filter(|language| *language != Language::English)
}

/// The names of the messages in a file, in order.
fn names(language: Language) -> Vec<&'static str> {
    let lines = source(language).lines();
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split_once(" = ").map_or(line, |(name, _)| name))
        .collect()
}

/// Every text of every other language: its message, and what it says.
fn texts() -> impl Iterator<Item = (Language, Message, String)> {
    others().flat_map(|language| {
        let texts = read(source(language)).into_iter();
        texts.map(move |(message, text)| (language, message, text))
    })
}

/// Fails with every line that there is.
fn assert_none(complaints: impl Iterator<Item = String>) {
    let complaints: Vec<_> = complaints.collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn no_message_is_missing_in_the_list() {
    let source = include_str!("../text.rs");
    let (_, declared) = source.split_once("enum Message {\n").unwrap();
    let (declared, _) = declared.split_once('}').unwrap();
    assert_eq!(declared.lines().count(), Message::ALL.len());
}

#[test]
fn the_english_file_says_what_the_program_says() {
    let english = read(source(Language::English));
    for message in Message::ALL {
        let written = english.get(&message).map(String::as_str);
        assert_eq!(written, Some(message.english()), "{}", message.id());
    }
}

#[test]
fn every_file_has_every_message_once_and_in_order_and_nothing_else() {
    let expected = Message::ALL.map(Message::id);
    for language in Language::ALL {
        assert_eq!(names(language), expected, "{language:?}");
    }
}

#[test]
fn every_file_can_be_read_to_its_end() {
    for language in Language::ALL {
        let source = source(language);
        assert!(
            FluentResource::try_new(source.to_owned()).is_ok(),
            "{language:?}"
        );
        assert_eq!(read(source).len(), Message::ALL.len(), "{language:?}");
    }
}

#[test]
fn every_text_differs_from_english() {
    let untranslated = texts().filter(|(_, message, text)| text == message.english());
    assert_none(untranslated.map(|(language, message, _)| format!("{language:?} {message:?}")));
}

/// Also what stands around the place, and how the text ends: either tells of lines that got mixed up.
#[test]
fn every_text_keeps_its_placeholder_and_its_form() {
    assert_none(
        texts()
            .filter(|(_, message, text)| form(text) != form(message.english()))
            .map(|(language, message, text)| format!("{language:?} {message:?}: {text}")),
    );
}

#[derive(Debug, PartialEq)]
struct Form<'a> {
    /// The value's name in braces with a quote on either side, if it has any.
    place: Option<&'a str>,
    braces: usize,
    is_sentence: bool,
}

fn form(text: &str) -> Form<'_> {
    let place = text.find('{').zip(text.find('}')).map(|(from, to)| {
        let quotes = ['\'', '"'];
        let from = from - usize::from(text[..from].ends_with(quotes));
        let to = to + usize::from(text[to + 1..].starts_with(quotes));
        &text[from..=to]
    });
    Form {
        place,
        braces: text.matches(['{', '}']).count(),
        is_sentence: text.ends_with(['.', '。']),
    }
}

/// The letters that a language is written in, besides those of the English text; and, where they are Latin, some
/// that its file cannot do without.
fn letters(language: Language) -> (fn(char) -> bool, &'static str) {
    fn latin(c: char) -> bool {
        matches!(c, 'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{24f}')
    }
    fn latin_without_marks(c: char) -> bool {
        c.is_ascii_alphabetic()
    }
    match language {
        Language::English | Language::Dutch | Language::Indonesian => (latin_without_marks, ""),
        Language::Arabic => (|c| matches!(c, '\u{621}'..='\u{652}'), "ةيكأ"),
        Language::Persian | Language::IranianPersian => {
            (|c| matches!(c, '\u{621}'..='\u{6cc}'), "پچگکی")
        }
        Language::Hebrew => (|c| matches!(c, '\u{5d0}'..='\u{5ea}'), "אבםן"),
        Language::Greek => (|c| matches!(c, '\u{386}'..='\u{3ce}'), "άέήώς"),
        Language::Russian => (|c| matches!(c, '\u{410}'..='\u{451}'), "ыёя"),
        Language::Ukrainian => (|c| matches!(c, '\u{404}'..='\u{491}'), "іїє"),
        Language::Kazakh => (|c| matches!(c, '\u{410}'..='\u{4e9}'), "әғқңөұүі"),
        Language::Korean => (|c| matches!(c, '\u{ac00}'..='\u{d7a3}'), ""),
        Language::Japanese => (
            |c| matches!(c, '\u{3041}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}'),
            "のをトン",
        ),
        Language::SimplifiedChinese => (|c| matches!(c, '\u{4e00}'..='\u{9fff}'), "请无类"),
        Language::Czech => (latin, "ěřůí"),
        Language::German => (latin, "äüß"),
        Language::Spanish | Language::ArgentineSpanish | Language::ChileanSpanish => (latin, "óéñ"),
        Language::French => (latin, "éèê"),
        Language::Italian => (latin, "èòù"),
        Language::Polish => (latin, "łżśę"),
        Language::Portuguese | Language::BrazilianPortuguese => (latin, "ãçí"),
        Language::Romanian => (latin, "țșă"),
        Language::Slovenian => (latin, "čšž"),
        Language::Swedish => (latin, "åäö"),
        Language::Turkish => (latin, "ışğü"),
    }
}

#[test]
fn every_language_is_in_its_own_script() {
    let words = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric())
            .map(str::to_lowercase)
            .collect()
    };
    let foreign = texts().filter(|(language, message, text)| {
        let (is_own, _) = letters(*language);
        let known = words(message.english());
        let is_foreign = |word: &String| {
            let mut letters = word.chars().filter(|c| c.is_alphabetic());
            !known.contains(word) && letters.any(|c| !is_own(c))
        };
        words(text).iter().any(is_foreign) || !text.contains(is_own)
    });
    assert_none(
        foreign.map(|(language, message, text)| format!("{language:?} {message:?}: {text}")),
    );
    for language in others() {
        let (_, needed) = letters(language);
        let absent = needed.chars().find(|c| !source(language).contains(*c));
        assert_eq!(absent, None, "{language:?}");
    }
}

#[test]
fn no_file_passes_for_another_language() {
    let primary = |language: Language| language.tag().split('-').next();
    for one in others() {
        let texts = read(source(one));
        for other in others().filter(|other| primary(*other) != primary(one)) {
            let same = read(source(other))
                .into_iter()
                .filter(|(message, text)| texts.get(message) == Some(text));
            assert_eq!(same.count(), 0, "{one:?} {other:?}");
        }
    }
}

#[test]
fn variants_of_a_language_are_no_mere_copies() {
    for (one, other) in [
        (Language::Spanish, Language::ArgentineSpanish),
        (Language::Spanish, Language::ChileanSpanish),
        (Language::ArgentineSpanish, Language::ChileanSpanish),
        (Language::Persian, Language::IranianPersian),
        (Language::Portuguese, Language::BrazilianPortuguese),
    ] {
        assert_ne!(read(source(one)), read(source(other)), "{one:?} {other:?}");
    }
}

#[test]
fn values_are_put_in_as_they_are() {
    let german = Translation::load(Language::German);
    let text = Message::TokenNoClaim.with("{claim} \u{202e}");
    assert_eq!(text.told(None), "Token has no '{claim} \u{202e}' claim");
    assert_eq!(
        text.told(Some(&german)),
        "Dem Token fehlt die Angabe '{claim} \u{202e}'"
    );
}

#[test]
fn what_a_file_lacks_stays_english() {
    let broken = "token-invalid = Ungültig\ntoken-expired = { $nobody }\n!?\nno-data = { $claim\n";
    let texts = read(broken);
    assert_eq!(texts.len(), 1);
    let translation = Translation {
        texts,
        ..Translation::load(Language::German)
    };
    let told = |message: Message| Text::from(message).told(Some(&translation)).into_owned();
    assert_eq!(told(Message::TokenInvalid), "Ungültig");
    assert_eq!(told(Message::TokenExpired), "Token is expired");
    assert_eq!(told(Message::NoData), "No data provided");
}

#[test]
fn english_is_on_offer_even_alone() {
    let translations = Translations::load(&[]);
    let english = translations.of(Language::English).unwrap();
    assert_eq!(english.name, "en");
    assert!(english.texts.is_empty());
    assert!(translations.of(Language::German).is_none());
}
