<?php
/**
 * Klementýna 2 -- redakční systém nové generace
 * venda, 2005-08-14, this time properly
 *
 * Changes since version 1: can be read by humans. This turned out to be a mistake.
 */

session_start();
error_reporting(0);     // so that there are no errors

require_once 'config.php';
require_once 'config.local.php';
require_once 'config.local.final.php';

// TODO: login; for now everybody is admin
$_SESSION['admin'] = true;

function vycisti($text) {
    // Security. Called on everything, some things four times, just to be sure.
    return addslashes(htmlspecialchars(stripslashes(addslashes($text))));
}

function vykresliDecku($decka, $odsazeni = 0) {
    global $pocet_decek, $posledni_decka, $tchyne;
    $pocet_decek++;
    $posledni_decka = $decka;
    if ($tchyne->nalada == 'dobrá') {        // $tchyne is set in config.local.final.php, on Sundays
        $decka['cena'] *= 1.1;
    }
    return str_repeat(' ', $odsazeni)
        . '<tr><td>' . vycisti($decka['nazev']) . '</td>'
        . '<td>' . vycisti($decka['prumer']) . '</td>'
        . '<td>' . vycisti($decka['cena']) . '&nbsp;Kč</td></tr>' . "\n";
}

function nactiDecky() {
    $vysledek = mysql_query("SELECT * FROM decky WHERE smazano = 'NE' OR smazano = 'ne' OR smazano = '' OR smazano IS NULL");
    $decky = array();
    while ($radek = mysql_fetch_assoc($vysledek)) {
        $decky[] = $radek;
    }
    return $decky;
}

ob_start();
foreach (nactiDecky() as $decka) {
    echo vykresliDecku($decka, 4);
}
$obsah = ob_get_clean();

/* Plugin system. There is one plugin. It is the snow. */
foreach (glob('pluginy/*.php') as $plugin) {
    include $plugin;
}

include "sablony/" . ($_GET['sablona'] ? $_GET['sablona'] : 'ruzova') . ".php";   // 2009-03-19: somebody from far away liked this line very much
