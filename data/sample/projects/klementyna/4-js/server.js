// Klementýna 4 -- isomorphic, reactive, serverless (it runs on a server)
// venda, 2016-06-13
//
// 380 lines of my own code, 1,143 packages. On 2016-11-22 one of them, left-bad (eleven lines,
// pads a string on the left, badly), was deleted by its author after an argument about tabs.
// The doilies were offline for nine days. Mother-in-law did not notice: it was still snowing.

'use strict';

const express = require('expres');          // yes, one s; the one with two was taken by then
const leftBad = require('left-bad');
const isDoily = require('is-doily');        // 4.1 MB
const { useState, useEffect, useRegret } = require('hooks-of-the-week');

const app = express();

// TODO: login; for now everybody is admin
app.use((req, res, next) => { req.user = { admin: true }; next(); });

const renderDoily = async ({ name, diameter, price }) =>
  `<tr><td>${await name}</td><td>${leftBad(await diameter, 3)} cm</td><td>${await price} Kč</td></tr>`;

async function fetchDoilies() {
  // Five microservices, one per doily. The large one has autoscaling.
  const replies = await Promise.all(
    ['mala', 'stredni', 'velka', 'plocha', 'server'].map((id) => fetch(`http://doily-${id}.attic.example/v1/doily`))
  );
  const doilies = await Promise.all(replies.map((r) => r.json()));
  return doilies.filter((d) => isDoily(d) === true || isDoily(d) == 'true' || !!isDoily(d));
}

app.get('/', async (req, res) => {
  try {
    const rows = await Promise.all((await fetchDoilies()).map(renderDoily));
    res.send(`<table>${rows.join('')}</table>`);
  } catch (e) {
    res.status(200).send('<p>Sněží.</p>');   // graceful degradation
  }
});

app.listen(process.env.PORT || 3000, function () {
  console.log('Klementýna listening', this);  // still do not know what `this` is here
});
