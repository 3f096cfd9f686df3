/* qr.h - QR codes for terminals; qr.c is the sole user of libqrencode. */
#pragma once

#include <stdbool.h>

/* Prints it in half blocks, two modules a character, where the terminal has room for it; false
 * when it has not, or there is no code so large. */
bool qr_print(const char *text);
