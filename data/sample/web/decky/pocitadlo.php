<?php
/* pocitadlo.php -- visitor counter, as a picture
 *
 * Requirements (by telephone, 2003-12-09):
 *   - starts at 1000, "ať to nevypadá prázdně"
 *   - must never go down, not even when the disk is restored from a backup
 *   - must be higher than the counter of Mrs. Vomáčková from the garden club
 *
 * The last point is why this script fetches her page first.
 * venda, 2003-12-10; GIF -> PNG 2006-01-02
 */

define('SOUBOR', dirname(__FILE__) . '/pocet.txt');
define('KONKURENCE', 'http://zahradkari.example/vomackova/');

function pocet_pani_vomackove() {
    $stranka = @file_get_contents(KONKURENCE);
    if ($stranka !== false && preg_match('/(\d+)\.?\s*návštěvník/u', $stranka, $nalez)) {
        return (int) $nalez[1];
    }
    return 0;   // her site is down; this is also a kind of victory
}

function dalsi_navstevnik() {
    $pocet = is_file(SOUBOR) ? (int) file_get_contents(SOUBOR) : 1000;
    $pocet = max($pocet + 1, pocet_pani_vomackove() + 1);
    file_put_contents(SOUBOR, $pocet, LOCK_EX);
    return $pocet;
}

$text = str_pad((string) dalsi_navstevnik(), 6, '0', STR_PAD_LEFT);
$obrazek = imagecreate(8 * strlen($text) + 6, 20);
imagecolorallocate($obrazek, 0, 0, 0);
imagestring($obrazek, 4, 3, 2, $text, imagecolorallocate($obrazek, 0, 255, 0));
header('Content-Type: image/png');
header('Cache-Control: no-store');
imagepng($obrazek);

// 2008-05-30: Mrs. Vomáčková's grandson has installed the same script. Both counters now
// fetch each other. At midnight they were at 1,412,077 and rising. Left it running; it is
// the most traffic either site has ever had.
