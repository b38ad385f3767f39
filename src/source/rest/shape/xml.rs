//! XML answers as the JSON that the same report would be.
//!
//! An element is an object of its children and of its attributes (`@name`), one that holds only text is that text, and one that
//! holds both keeps it as `#text`. Children of one name become a list. Namespaces prefixes are left out. A document type is
//! refused, so there are no entities to expand but the five that XML has.

use std::collections::HashSet;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};
use serde_json::{Map, Value};

/// Deeper than any report; a bound against answers that are made to exhaust the stack.
const DEEPEST: usize = 100;

/// More attributes than any element of a report has.
const MOST_ATTRIBUTES: usize = 1_000;

/// Reads a document; what comes back is the content of its root element.
///
/// # Errors
/// What is wrong, in words.
pub(in crate::source::rest) fn read(text: &str) -> Result<Value, String> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    loop {
        match reader.read_event().map_err(|fault| fault.to_string())? {
            Event::Start(start) => {
                if open.len() == DEEPEST {
                    return Err(format!("its elements are nested more than {DEEPEST} deep"));
                }
                if open.is_empty() && root.is_some() {
                    return Err("it has two root elements".to_owned());
                }
                open.push(Element::new(&start)?);
            }
            Event::Empty(start) => {
                let element = Element::new(&start)?;
                match open.last_mut() {
                    Some(parent) => parent.child(element),
                    None if root.is_none() => root = Some(element.value()),
                    None => return Err("it has two root elements".to_owned()),
                }
            }
            Event::End(_) => {
                let element = open.pop().ok_or("an element ends that never began")?;
                match open.last_mut() {
                    Some(parent) => parent.child(element),
                    None => root = Some(element.value()),
                }
            }
            Event::Text(text) => add(&mut open, &text.decode().map_err(|fault| fault.to_string())?),
            Event::CData(text) => add(&mut open, &text.decode().map_err(|fault| fault.to_string())?),
            Event::GeneralRef(reference) => add(&mut open, &character(&reference)?),
            Event::DocType(_) => return Err("it has a document type, which is refused".to_owned()),
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
    if !open.is_empty() {
        return Err("it ends inside an element".to_owned());
    }
    root.ok_or_else(|| "it has no element".to_owned())
}

struct Element {
    name: String,
    content: Map<String, Value>,
    text: String,
}

impl Element {
    fn new(start: &BytesStart<'_>) -> Result<Self, String> {
        let mut content = Map::new();
        let mut names = HashSet::new();
        // The reader's own check for doubled names compares each with all before it.
        let mut attributes = start.attributes();
        for attribute in attributes.with_checks(false) {
            let attribute = attribute.map_err(|fault| fault.to_string())?;
            if !names.insert(attribute.key.as_ref().to_vec()) {
                return Err("an element has an attribute twice".to_owned());
            }
            if names.len() > MOST_ATTRIBUTES {
                return Err(format!("an element has more than {MOST_ATTRIBUTES} attributes"));
            }
            if attribute.key.as_namespace_binding().is_some() {
                continue;
            }
            let name = String::from_utf8_lossy(attribute.key.local_name().as_ref()).into_owned();
            let value = attribute.unescape_value().map_err(|fault| fault.to_string())?;
            content.insert(format!("@{name}"), Value::String(value.into_owned()));
        }
        let name = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
        Ok(Self { name, content, text: String::new() })
    }

    fn child(&mut self, child: Element) {
        let (name, value) = (child.name.clone(), child.value());
        match self.content.get_mut(&name) {
            // Only a repeated name makes a list here: no element's own value is one.
            Some(Value::Array(items)) => items.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
            None => {
                self.content.insert(name, value);
            }
        }
    }

    fn value(self) -> Value {
        let Self { mut content, text, .. } = self;
        if content.is_empty() {
            return Value::String(text);
        }
        if !text.trim().is_empty() {
            content.insert("#text".to_owned(), Value::String(text));
        }
        Value::Object(content)
    }
}

fn add(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn character(reference: &BytesRef<'_>) -> Result<String, String> {
    if let Some(character) = reference.resolve_char_ref().map_err(|fault| fault.to_string())? {
        return Ok(character.to_string());
    }
    let name = reference.decode().map_err(|fault| fault.to_string())?;
    let known = quick_xml::escape::resolve_predefined_entity(&name);
    known.map(str::to_owned).ok_or_else(|| format!("it uses the entity `&{name};`, which XML itself does not have"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> String {
        read(text).unwrap().to_string()
    }

    #[test]
    fn a_report_reads_as_its_json_twin() {
        let report = "<?xml version='1.0'?><wd:Report_Data xmlns:wd='urn:x'><wd:Report_Entry><wd:ID>007</wd:ID>\
                      <wd:Worker wd:Descriptor='A &amp; B'><wd:ID wd:type='WID'>9</wd:ID><wd:ID wd:type='Employee_ID'>007</wd:ID></wd:Worker>\
                      <wd:Empty/></wd:Report_Entry></wd:Report_Data>";
        assert_eq!(
            json(report),
            r##"{"Report_Entry":{"Empty":"","ID":"007","Worker":{"@Descriptor":"A & B","ID":[{"#text":"9","@type":"WID"},{"#text":"007","@type":"Employee_ID"}]}}}"##
        );
        assert_eq!(json("<a>S&#225;nchez &lt;x&gt; <![CDATA[&y;]]></a>"), "\"Sánchez <x> &y;\"");
    }

    #[test]
    fn what_could_do_harm_is_refused() {
        let bomb = "<!DOCTYPE a [<!ENTITY b \"bbbb\">]><a>&b;</a>";
        assert!(read(bomb).unwrap_err().contains("document type"));
        assert!(read("<a>&b;</a>").unwrap_err().contains("`&b;`"));
        assert!(read(&"<a>".repeat(200)).unwrap_err().contains("nested"));
        assert!(read("<a><b>x</b>").unwrap_err().contains("ends inside"));
        assert!(read("<a></b>").is_err() && read("").is_err() && read("<a/><a/>").is_err());
    }

    #[test]
    fn an_element_with_attributes_without_end_is_refused_at_once() {
        let many = |count: usize| -> String { (0..count).map(|number| format!(" a{number}='{number}'")).collect() };
        for (open, close) in [("<a", "/>"), ("<a", ">x</a>"), ("<a><b", "/></a>")] {
            let fault = read(&format!("{open}{}{close}", many(200_000))).unwrap_err();
            assert!(fault.contains("more than 1000 attributes"), "{fault}");
        }
        let spaces: String = (0..2_000).map(|number| format!(" xmlns:n{number}='urn:{number}'")).collect();
        assert!(read(&format!("<a{spaces}/>")).unwrap_err().contains("more than 1000 attributes"));
        assert_eq!(read(&format!("<a{}/>", many(1_000))).unwrap().as_object().unwrap().len(), 1_000);
        assert!(read("<a b='1' b='2'/>").unwrap_err().contains("twice"));
        assert!(read("<a x:b='1' y:b='2'/>").is_ok());
    }
}
