//! Changes to JSON that keep it JSON.

use serde_json::Value;

/// Texts that are worth trying anywhere.
const TEXTS: [&str; 14] = [
    "",
    "\u{1b}[31m",
    "\u{202e}",
    "\n",
    "::ffff:127.0.0.1",
    "0.0.0.0",
    "fe80::1%eth0",
    "198.51.100.0/33",
    "{{}}",
    "ü€𝄞",
    "$(id)",
    "'\"",
    "postgres://u:p@db:5432/x",
    "1e999",
];

/// Numbers that are worth trying anywhere.
const NUMBERS: [f64; 8] = [0.0, -1.0, 1.0, 65535.0, 65536.0, 4_294_967_296.0, 1e300, 0.5];

/// A JSON document with one of its values changed, as `seed` says; none where it is no JSON.
#[must_use]
pub fn json(text: &[u8], seed: u32) -> Option<Vec<u8>> {
    let mut value: Value = serde_json::from_slice(text).ok()?;
    let mut random = Random(u64::from(seed) | 1 << 40);
    for _ in 0..=random.below(3) {
        let donor = nth(&mut value.clone(), &mut random.below(count(&value))).cloned()?;
        let mut place = random.below(count(&value));
        change(nth(&mut value, &mut place)?, donor, &mut random);
    }
    serde_json::to_vec(&value).ok()
}

/// How many values there are in a value, itself and those inside of others.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum(),
        _ => 0,
    }
}

/// The value at a place, in the order of [`count`].
fn nth<'a>(value: &'a mut Value, place: &mut usize) -> Option<&'a mut Value> {
    if *place == 0 {
        return Some(value);
    }
    *place -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| nth(item, place)),
        Value::Object(members) => members.values_mut().find_map(|member| nth(member, place)),
        _ => None,
    }
}

/// Changes one value. `donor` is another value of the same document.
fn change(value: &mut Value, donor: Value, random: &mut Random) {
    match (value, random.below(4)) {
        (Value::Array(items), 0) => {
            let at = random.below(items.len() + 1);
            items.insert(at, donor);
        }
        (Value::Array(items), 1) if !items.is_empty() => {
            items.remove(random.below(items.len()));
        }
        (Value::Array(items), 2) if !items.is_empty() => {
            let again = items[random.below(items.len())].clone();
            items.push(again);
        }
        (Value::Object(members), 0 | 1) => {
            let key = members.keys().nth(random.below(members.len())).cloned();
            key.and_then(|key| members.remove(&key));
        }
        (Value::Object(members), 2) if !members.is_empty() => {
            let key = members.keys().nth(random.below(members.len())).cloned().unwrap_or_default();
            members.insert(key, donor);
        }
        (Value::String(text), 0 | 1) => {
            let at = text.char_indices().map(|(at, _)| at).nth(random.below(text.chars().count())).unwrap_or(0);
            text.insert_str(at, TEXTS[random.below(TEXTS.len())]);
        }
        (Value::String(text), 2) => TEXTS[random.below(TEXTS.len())].clone_into(text),
        (value @ Value::Number(_), 0..=2) => {
            let number = NUMBERS[random.below(NUMBERS.len())];
            // Most of ours are whole.
            #[expect(clippy::cast_possible_truncation, reason = "what is too large becomes the largest")]
            let whole = number as i64;
            *value = if random.below(4) == 0 { Value::from(number) } else { Value::from(whole) };
        }
        (Value::Bool(flag), _) => *flag = !*flag,
        (value, _) => *value = donor,
    }
}

/// Numbers that follow from a seed (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
struct Random(u64);

impl Random {
    /// A number below `end`; zero where that is zero.
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end.max(1) as u64).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_out_is_json_and_mostly_another() {
        let text = br#"{"a":[1,2.5,"x",null,true,{"b":{}}],"c":""}"#;
        let before: Value = serde_json::from_slice(text).expect("JSON");
        let mut same = 0;
        for seed in 0..1000 {
            let after = json(text, seed).expect("JSON");
            same += usize::from(serde_json::from_slice::<Value>(&after).expect("JSON") == before);
        }
        assert!(same < 200, "{same}");
        assert_eq!(json(b"{", 1), None);
        assert!(json(b"1", 1).is_some());
    }
}
