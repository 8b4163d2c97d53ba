// Package prompt reads what a person asks for: the class table.
//
// A class has a name, which is what gets saved, the phrases that find it, and the words that it is not:
//
//	cat | kitten ; !toy          # a class is called by its first phrase …
//	vehicle: car | truck | bus   # … or by the name before the colon
//	person, dog, traffic light   # a comma ends a class, and so does the end of the line
//
// The rules in full:
//
//   - A comma or the end of the line ends a class. The words before the first colon of a class are its
//     name; without a colon, or with nothing after it, the name is the first phrase.
//   - A bar parts phrases. A word with an exclamation mark before it is a negative: a region that it
//     matches better is not this class. Negatives follow a semicolon; after one, a bar parts more of them.
//   - A semicolon with no exclamation mark after it begins a new class, with a Problem that says so.
//   - Quotes ("…", '…', “…”, ‘…’, 「…」, 『…』, «…», ＂…＂) hold any of these marks within a phrase; "" within
//     straight double quotes is one quote. An apostrophe within words is one. Quotes end on their line.
//   - A number sign at the beginning of a word begins a comment, which ends with the line.
//   - Full-width and Chinese marks mean the same: ， 、 ： ； ｜ ！ ＃ and the ideographic space.
//   - White space is trimmed and collapsed, control characters are left out, nothing else is changed: the
//     Unicode normal form and the case stay as they were typed.
//   - Classes whose names differ at most in case are one; so are phrases of one class.
//
// Reading never fails: what cannot be read as it stands becomes a Problem, and the rest is kept.
package prompt
