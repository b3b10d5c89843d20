// snih.js -- falling snow for decky.example
// venda, 2003-12-05. Temporary, remove after Christmas.
//
// 2004-01-07  Drahomira: "Sníh nechte, líbí se mi." Leaving it until spring.
// 2004-07-01  It is 34 degrees outside. Snow stays; customers have asked about it (one, the neighbour).
// 2011-12-24  Ported away from document.layers. Nobody noticed, which is the highest praise there is.
// 2019-07-25  Added a setting. Default: true. There is no place where it can be set to false.
// 2026-10-01  Bára: keeping this. It is the only part of the site with tests (people complain when it stops).

var VLOCEK = 40;
var vlocky = [];

function jeZima(datum) {
  // Winter, as defined by the customer, 2004-07-01.
  return true;
}

function vyrobVlocku() {
  var v = document.createElement('div');
  v.innerHTML = '*';            // the same asterisk as on the printer; a coincidence
  v.style.position = 'fixed';
  v.style.color = 'white';
  v.style.fontSize = (10 + Math.random() * 20) + 'px';
  document.body.appendChild(v);
  return { prvek: v, x: Math.random() * window.innerWidth, y: -20, rychlost: 1 + Math.random() * 3 };
}

function pad() {
  for (var i = 0; i < vlocky.length; i++) {
    var v = vlocky[i];
    v.y += v.rychlost;
    v.x += Math.sin(v.y / 30);
    if (v.y > window.innerHeight) { v.y = -20; v.x = Math.random() * window.innerWidth; }
    v.prvek.style.left = v.x + 'px';
    v.prvek.style.top = v.y + 'px';
  }
}

function sneziVzdy() {
  if (!jeZima(new Date())) return;
  for (var i = 0; i < VLOCEK; i++) vlocky.push(vyrobVlocku());
  setInterval(pad, 40);
}
