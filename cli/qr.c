/* qr.c - see qr.h. Dark on light, whatever the terminal's colours are: cameras need the margin
 * to be the lighter of the two. */
#include "qr.h"
#include "output.h"

#include <qrencode.h>

enum { MARGIN = 2 };

static bool dark(const QRcode *code, int x, int y)
{
	return x >= 0 && y >= 0 && x < code->width && y < code->width &&
	       code->data[y * code->width + x] & 1;
}

bool qr_print(const char *text)
{
	static const char *const halves[] = { " ", "\u2584", "\u2580", "\u2588" };
	QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
	bool fits = code != NULL && out_is_utf8() &&
	            (unsigned)(code->width + 2 * MARGIN) <= out_columns();

	for (int y = -MARGIN; fits && y < code->width + MARGIN; y += 2) {
		out("\033[30;47m");
		for (int x = -MARGIN; x < code->width + MARGIN; x++)
			out("%s", halves[2 * dark(code, x, y) + dark(code, x, y + 1)]);
		out("\033[0m\n");
	}
	if (code != NULL)
		QRcode_free(code);
	return fits;
}
