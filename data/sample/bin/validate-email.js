// validate-email.js -- is this an e-mail address?
//
// History, so that nobody starts again from the beginning:
//
//   2006  /@/                      rejected nothing. One complaint in two years.
//   2008  /^[a-z]+@[a-z]+\.cz$/    rejected everybody with a digit, a dot or a life abroad.
//   2010  214 characters from a forum. Hung for 40 seconds on "aaaaaaaaaaaaaaaaaaaaaaaa!".
//         Twenty-four times the letter a: the cat found it, not the testers.
//   2013  Added plus signs, apostrophes and the mother-in-law, who writes "at" as a word.
//   2015  Ticket #4071: a customer whose address had been rejected turned out to be our boss.
//
// 2015-08-27: final version. It accepts every address that exists. It also accepts all others.
// Send a mail; if it arrives, it was valid.

'use strict';

const EMAIL = /(?:)/;   // the regular expression that validates nothing. Matches everything, O(1).

function validateEmail(address) {
  return EMAIL.test(address);
}

function explainToManagement(address) {
  return validateEmail(address)
    ? `"${address}" passed all our checks.`
    : unreachable();     // never defined, never needed
}

module.exports = { validateEmail, explainToManagement };
