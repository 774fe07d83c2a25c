/* SPDX-License-Identifier: Apache-2.0 */
/* pack.c - see pack.h. */
#include "stream/record/pack.h"

#include <libiberty/libiberty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

/* Fast levels: the machine has other work, and event lines compress well. */
#define GZIP_LEVEL 3
#define ZSTD_LEVEL 3

struct packer {
	enum packing packing;
	z_stream gzip;
	ZSTD_CCtx *zstd;
	unsigned char *bytes;
	size_t allocated;
};

enum packing packing_of(const char *path)
{
	const char *dot = strrchr(path, '.');

	if (dot && !strcmp(dot, ".gz"))
		return PACKING_GZIP;
	return dot && !strcmp(dot, ".zst") ? PACKING_ZSTD : PACKING_NONE;
}

struct packer *packer_new(enum packing packing)
{
	struct packer *p = xcalloc(1, sizeof(*p));

	p->packing = packing;
	if (packing == PACKING_GZIP &&
	    deflateInit2(&p->gzip, GZIP_LEVEL, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		xmalloc_failed(0);
	if (packing == PACKING_ZSTD) {
		p->zstd = ZSTD_createCCtx();
		if (!p->zstd)
			xmalloc_failed(0);
		ZSTD_CCtx_setParameter(p->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL);
		ZSTD_CCtx_setParameter(p->zstd, ZSTD_c_checksumFlag, 1);
	}
	return p;
}

void packer_free(struct packer *p)
{
	if (!p)
		return;
	if (p->packing == PACKING_GZIP)
		deflateEnd(&p->gzip);
	ZSTD_freeCCtx(p->zstd);
	free(p->bytes);
	free(p);
}

static void make_room(struct packer *p, size_t size)
{
	if (size <= p->allocated)
		return;
	free(p->bytes);
	p->bytes = xmalloc(size);
	p->allocated = size;
}

const void *pack(struct packer *p, const void *bytes, size_t size, size_t *packed)
{
	*packed = size;
	if (p->packing == PACKING_GZIP) {
		deflateReset(&p->gzip);
		make_room(p, deflateBound(&p->gzip, size));
		p->gzip.next_in = (Bytef *)bytes;
		p->gzip.avail_in = (uInt)size;
		p->gzip.next_out = p->bytes;
		p->gzip.avail_out = (uInt)p->allocated;
		deflate(&p->gzip, Z_FINISH); /* the buffer has room for all of it */
		*packed = p->allocated - p->gzip.avail_out;
		return p->bytes;
	}
	if (p->packing == PACKING_ZSTD) {
		make_room(p, ZSTD_compressBound(size));
		*packed = ZSTD_compress2(p->zstd, p->bytes, p->allocated, bytes, size);
		if (ZSTD_isError(*packed)) /* only for lack of memory */
			xmalloc_failed(size);
		return p->bytes;
	}
	return bytes;
}
