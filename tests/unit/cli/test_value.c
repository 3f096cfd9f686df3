/* Values as people write them and as services take them: there and back.
 * covers: cli/value.c */
#include "value.h"

#include "support/check.h"

#include <stdlib.h>

static char *back(const char *json, bool arguments)
{
	leno_bytes b;
	void *data = arguments ? arguments_from_json(json, strlen(json), &b)
	                       : value_from_json(json, strlen(json), &b);
	cJSON *v = data ? value_to_json(b) : NULL;
	char *text = v ? cJSON_PrintUnformatted(v) : strdup("no value");

	cJSON_Delete(v);
	free(data);
	return text;
}

TEST(json_comes_back_as_it_was)
{
	static const struct { const char *json, *shown; } rows[] = {
		{ "null", "null" }, { "true", "true" }, { "0", "0" }, { "-1", "-1" }, { "1.5", "1.5" },
		{ "-0.5", "-0.5" }, { "1e3", "1000" }, { "9007199254740993", "9007199254740993" },
		{ "9007199254740992", "9007199254740992" }, { "1e300", "1e+300" }, { "\"a\\u00e9\"", "\"aé\"" },
		{ " [1, [], {}] ", "[1,[],{}]" }, { "{\"a\": {\"b\": [null]}}", "{\"a\":{\"b\":[null]}}" },
		{ "{\"base64\": \"AAH/\"}", "{\"base64\":\"AAH/\"}" },
		{ "{\"base64\": \"AA==\"}", "{\"base64\":\"AA==\"}" },
		{ "{\"base64\": \"\"}", "{\"base64\":\"\"}" },
		{ "{\"base64\": \"A?==\"}", "{\"base64\":\"A?==\"}" },   /* no base64: a map */
		{ "{\"base64\": \"AAA?\"}", "{\"base64\":\"AAA?\"}" },
		{ "{\"base64\": 5}", "{\"base64\":5}" },
		/* As many digits as 64 bits have, and none where another number stands. */
		{ "18446744073709551615", "18446744073709551615" },
		{ "-9223372036854775808", "-9223372036854775808" },
		{ "{\"\\\"1\": [\"2\", 1234567890123456789, \"-3\\\\\"], \"4\": {\"5\": -0}}",
		  "{\"\\\"1\":[\"2\",1234567890123456789,\"-3\\\\\"],\"4\":{\"5\":0}}" },
		{ "18446744073709551616", "1.8446744073709552e+19" },
		{ "-9223372036854775809", "-9.2233720368547758e+18" },
		{ "[{\"base64\": \"AAH/\"}, 9007199254740993]",
		  "[{\"base64\":\"AAH/\"},9007199254740993]" },
		/* What cJSON takes for numbers, and JSON does not. */
		{ "0049", "no value" }, { "-01", "no value" }, { "[1, 01]", "no value" },
		{ "1.", "no value" }, { "-.5", "no value" }, { "00", "no value" },
		{ "1234567890123456789012.25", "1.2345678901234568e+21" },
		{ "0", "0" }, { "0.25", "0.25" }, { "-0.5e1", "-5" },
		{ "", "no value" }, { "[1", "no value" }, { "1 2", "no value" }, { "nil", "no value" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *text = back(rows[i].json, false);

		CHECK_ROW(rows[i].json);
		CHECK_STR(text, rows[i].shown);
		free(text);
	}
}

TEST(arguments_are_a_list)
{
	static const struct { const char *json, *shown; } rows[] = {
		{ "", "null" }, { "5", "[5]" }, { "[5]", "[5]" }, { "[[5]]", "[[5]]" }, { "{}", "[{}]" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *text = back(rows[i].json, true);

		CHECK_ROW(rows[i].json);
		CHECK_STR(text, rows[i].shown);
		free(text);
	}
}

TEST(what_json_has_no_word_for)
{
	static const struct { const char *bytes; size_t size; const char *shown; } rows[] = {
		{ "\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 9, "18446744073709551615" },
		{ "\xd3\x80\0\0\0\0\0\0\0", 9, "-9223372036854775808" },
		{ "\xc4\x02\x00\x01", 4, "{\"base64\":\"AAE=\"}" },
		{ "\xd4\x07\x01", 3, "{\"ext\":7,\"base64\":\"AQ==\"}" },
		{ "\xcb\x7f\xf8\0\0\0\0\0\0", 9, "null" },
		{ "\xa1\xff", 2, "{\"base64\":\"/w==\"}" },
		{ "\xa1\x00", 2, "{\"base64\":\"AA==\"}" },
		{ "\x81\x05\xa1x", 4, "{\"5\":\"x\"}" },
		{ "\x81\x91\x01\xc0", 4, "{\"[1]\":null}" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		cJSON *v = value_to_json((leno_bytes){ rows[i].bytes, rows[i].size });
		char *text = v ? cJSON_PrintUnformatted(v) : strdup("no value");

		CHECK_STR(text, rows[i].shown);
		free(text);
		cJSON_Delete(v);
	}
	CHECK(value_to_json((leno_bytes){ "\xc1", 1 }) == NULL);
	CHECK(value_to_json((leno_bytes){ "\xc0\xc0", 2 }) == NULL);
}

TEST(a_text_with_a_nul_is_not_cut)
{
	static const struct { const char *json, *shown; } rows[] = {
		{ "\"a\\u0000b\"", "no value" }, { "{\"a\\u0000\": 1}", "no value" },
		{ "\"a\\\\u0000b\"", "\"a\\\\u0000b\"" }, { "\"\\u00001\"", "no value" },
		{ "\"\\\\\\u0000\"", "no value" }, { "\"\\u0001\"", "\"\\u0001\"" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *text = back(rows[i].json, false);

		CHECK_STR(text, rows[i].shown);
		free(text);
	}
}

TEST(what_is_too_deep_is_no_value)
{
	char deep[2 * (LENO_DEPTH_MAX + 1) + 1];
	char *text;

	memset(deep, '[', LENO_DEPTH_MAX + 1);
	memset(deep + LENO_DEPTH_MAX + 1, ']', LENO_DEPTH_MAX + 1);
	deep[sizeof deep - 1] = '\0';
	text = back(deep, false);
	CHECK_STR(text, "no value");
	free(text);
	deep[sizeof deep - 2] = '\0';
	text = back(deep + 1, false);
	CHECK(strcmp(text, "no value") != 0);
	free(text);
}

/* A byte of MessagePack may be a value, and costs a hundred as JSON: no stranger fills memory so. */
TEST(what_has_too_many_values_is_not_shown)
{
	const size_t many = VALUES_MAX;
	uint8_t *data = malloc(many + 5);
	cJSON *v;

	for (int over = 0; over <= 1; over++) {
		leno_pack p = leno_pack_into(data, many + 5);

		leno_pack_array(&p, (uint32_t)(many - 1 + (size_t)over));
		for (size_t i = 0; i + 1 < many + (size_t)over; i++)
			leno_pack_nil(&p);
		v = value_to_json(leno_pack_bytes(&p));
		CHECK_EQ(v == NULL, over);
		cJSON_Delete(v);
	}
	free(data);
}

TEST_MAIN(TEST_CASE(json_comes_back_as_it_was), TEST_CASE(arguments_are_a_list),
          TEST_CASE(what_json_has_no_word_for), TEST_CASE(what_is_too_deep_is_no_value),
          TEST_CASE(what_has_too_many_values_is_not_shown),
          TEST_CASE(a_text_with_a_nul_is_not_cut))
