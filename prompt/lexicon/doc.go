// Package lexicon reads Chinese phrases as English ones, for text encoders that know no Chinese.
//
// A phrase is cut into the fewest words that a dictionary has (the longest first where that leaves a choice), measure
// words, numbers and particles fall away, and the rest is said in English in its order, which is English order for looks
// and things: 一个红色的杯子 is "red cup". What is worn, held or ridden before 的 moves behind its head: 戴帽子的男人 is "man
// wearing hat". It is no translator; what it reads is shown to the person, who may write the English herself.
package lexicon
