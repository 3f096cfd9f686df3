/* One encoding for many queues: it lives as long as the last of them. */
#include "message/parcel.h"

#include "base/mem.h"
#include "support/check.h"

TEST(it_lives_until_the_last_reference_goes)
{
	struct budget store = { .max = 1000 + PARCEL_COST };
	struct parcel *p = parcel_new(&store, 600);

	REQUIRE(p);
	CHECK_EQ(p->size, 600);
	CHECK(parcel_take(p) == p);
	CHECK(parcel_take(p) == p);
	CHECK_EQ(store.used, 600 + PARCEL_COST);
	CHECK(!parcel_drop(p));
	CHECK(!parcel_drop(p));
	CHECK_EQ(store.used, 600 + PARCEL_COST);
	p->bytes[599] = 1;
	CHECK(!parcel_drop(p));
	CHECK_EQ(store.used, 0);
	CHECK(!parcel_drop(NULL));
}

TEST(a_store_is_bounded)
{
	struct budget store = { .max = 1000 + PARCEL_COST };
	struct parcel *p = parcel_new(&store, 999);

	REQUIRE(p);
	CHECK(!parcel_new(&store, 2));
	CHECK(!parcel_new(&store, SIZE_MAX));
	parcel_drop(p);
	CHECK(!parcel_new(&store, 1001));
	p = parcel_new(&store, 1000);
	REQUIRE(p);
	parcel_drop(p);
	mem_fail(1, 0);
	CHECK(!parcel_new(&store, 1));
	mem_fail(0, 0);
	CHECK_EQ(store.used, 0);
}

TEST_MAIN(TEST_CASE(it_lives_until_the_last_reference_goes), TEST_CASE(a_store_is_bounded))
