# What every source of ours is compiled with. Vendored code has its own flags.
#
# Left out on purpose: -Wsign-conversion (sizes and differences of them meet all
# the time), -Wunused-parameter and -Wmissing-field-initializers (callbacks and
# tables are full of both), -Wenum-compare (limits live in nameless enums and are
# compared), -Wcomment (comments name tcp://*:7000), -Wlogical-op (EAGAIN and
# EWOULDBLOCK are one number here and two elsewhere), -Wpedantic (it knows nothing that the rest does not).
set(LENO_WARNINGS
	-Wall -Wextra -Werror
	-Wshadow -Wconversion -Wno-sign-conversion
	-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
	-Wcast-qual -Wcast-align -Wpointer-arith -Wwrite-strings
	-Wvla -Wundef -Wformat=2 -Wimplicit-fallthrough
	-Wdouble-promotion -Wredundant-decls -Wnested-externs
	-Wno-unused-parameter -Wno-missing-field-initializers -Wno-enum-compare -Wno-comment)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
	list(APPEND LENO_WARNINGS
		-Wduplicated-cond -Wduplicated-branches -Wjump-misses-init)
endif()
add_library(leno_flags INTERFACE)
target_compile_options(leno_flags INTERFACE ${LENO_WARNINGS})

# Tests may be more relaxed where strictness finds nothing.
add_library(leno_test_flags INTERFACE)
target_compile_options(leno_test_flags INTERFACE ${LENO_WARNINGS}
	-Wno-conversion -Wno-missing-prototypes -Wno-cast-qual)

# The same source must give the same binary wherever the tree lies.
add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)

if(LENO_WASM)
	# Not in CMAKE_C_FLAGS: -O on the link line makes clang run any wasm-opt on the PATH.
	add_compile_options(-O2 -g1)
	# clang would search /usr/include as well, where the host's headers are.
	add_compile_options(-nostdlibinc -isystem /usr/include/wasm32-wasi)
	# The default stack is 64 KiB, and its overflow would fall into data unseen.
	add_link_options(-Wl,-z,stack-size=1048576,--stack-first)
elseif(LENO_SANITIZE)
	add_compile_options(-fsanitize=${LENO_SANITIZE} -fno-sanitize-recover=all
		-fno-omit-frame-pointer)
	add_link_options(-fsanitize=${LENO_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
	add_compile_options(-fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
	add_link_options(-Wl,-z,relro,-z,now)
	# Nothing is thrown through C, and debuggers have .debug_frame, which is not loaded: the
	# tables were an eighth of the library. With LTO it is the linker's call that makes code.
	set(LENO_LEAN_CODE -fno-asynchronous-unwind-tables -fno-unwind-tables -fno-plt)
	add_compile_options(${LENO_LEAN_CODE})
	add_link_options(${LENO_LEAN_CODE})
endif()
if(LENO_FUZZ)
	add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(LENO_COVERAGE)
	add_compile_options(--coverage -fprofile-update=atomic)
	add_link_options(--coverage)
endif()
if(LENO_LTO)
	add_compile_options(-flto=auto)
	add_link_options(-flto=auto)
endif()
