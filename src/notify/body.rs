//! The body of a message in the form that its receiver reads.

use serde_json::{Value, json};

use super::message::Message;

/// The form of a webhook's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookFormat {
    /// One Adaptive Card 1.4, as a Teams workflow takes it.
    Teams,
    /// A headline and a block of text, as an incoming webhook of Slack takes it.
    Slack,
    /// The document `hrpush.message/1`.
    Json,
}

/// Slack takes 3,000 characters in a block.
const SLACK_MOST: usize = 2_900;

/// A card with more lines is cut by Teams, which takes 28 kB.
const CARD_MOST: usize = 40;

impl WebhookFormat {
    /// The word of the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Teams => "teams",
            Self::Slack => "slack",
            Self::Json => "json",
        }
    }

    /// The body of a message.
    pub(super) fn body(self, message: &Message) -> Value {
        match self {
            Self::Teams => card(message),
            Self::Slack => blocks(message),
            Self::Json => message.document(),
        }
    }
}

/// A card of runs of text. Teams reads neither links nor markup in them, whatever a file name or a reason contains.
fn card(message: &Message) -> Value {
    let line = |(name, fact): &(&str, String)| {
        json!({
            "type": "RichTextBlock",
            "spacing": "Small",
            "inlines": [
                { "type": "TextRun", "text": format!("{name}: "), "weight": "Bolder" },
                { "type": "TextRun", "text": shortened(fact, 500) },
            ],
        })
    };
    let facts = message.facts();
    let mut body = vec![json!({
        "type": "TextBlock", "text": format!("hrpush: {}", message.title()), "weight": "Bolder", "size": "Medium", "wrap": true,
    })];
    body.extend(facts.iter().take(CARD_MOST).map(line));
    if facts.len() > CARD_MOST {
        body.push(line(&("More", format!("{} lines", facts.len() - CARD_MOST))));
    }
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": body,
            },
        }],
    })
}

/// Blocks of `plain_text`, in which Slack reads no markup and no mentions.
fn blocks(message: &Message) -> Value {
    let title = format!("hrpush: {}", message.title());
    json!({
        "text": title,
        "blocks": [
            { "type": "header", "text": { "type": "plain_text", "text": title, "emoji": false } },
            { "type": "section", "text": { "type": "plain_text", "text": shortened(&lines(message), SLACK_MOST), "emoji": false } },
        ],
    })
}

/// A line for each fact.
pub(super) fn lines(message: &Message) -> String {
    message.facts().into_iter().map(|(name, fact)| format!("{name}: {fact}\n")).collect()
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut text: String = text.chars().take(most - 1).collect();
    text.push('…');
    text
}
