/* SPDX-License-Identifier: Apache-2.0 */
/* core-memory.c - the memory in a core dump (declared in memory.h): its segments, and the notes that tell which
 * files were mapped where, and which threads there were (core(5), fs/binfmt_elf.c). */
#include <elf.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/procfs.h>
#include <sys/user.h>
#include <unistd.h>

#include "base/bisect.h"
#include "base/grow.h"
#include "target/memory.h"

#define SEGMENTS_MAX 1000000
#define AREAS_MAX 100000	     /* beyond, files that the dump has nothing of are left out */
#define NOTES_MAX ((size_t)64 << 20) /* bytes */
#define THREADS_MAX 100000
#define PATH_BYTES 4096

struct part {
	uint64_t start, size, offset; /* size: in the dump */
};

static bool read_at(int fd, uint64_t offset, void *to, size_t size)
{
	return offset >> 62 == 0 && pread(fd, to, size, (off_t)offset) == (ssize_t)size;
}

static const struct part *part_at(const struct memory *memory, uint64_t address)
{
	const struct part *parts = memory->segments;
	size_t i = FIRST_BEYOND(parts, memory->segment_count, start, address);

	return i && address - parts[i - 1].start < parts[i - 1].size ? &parts[i - 1] : NULL;
}

static uint64_t run(struct memory *memory, uint64_t address, uint64_t size, bool *there)
{
	const struct part *part = part_at(memory, address);
	const struct part *parts = memory->segments;
	size_t next = FIRST_BEYOND(parts, memory->segment_count, start, address);
	uint64_t until = part				? part->start + part->size
			 : next < memory->segment_count ? parts[next].start
							: address + size;

	*there = part != NULL;
	return until - address < size ? until - address : size;
}

static bool copy(struct memory *memory, uint64_t address, void *to, size_t size)
{
	const struct part *part = part_at(memory, address);

	return part && size <= part->size - (address - part->start) &&
	       read_at(memory->fd, part->offset + (address - part->start), to, size);
}

/* gdb leaves out what was only read of a file, as code is: it can be read from there. Which of it is code is not
 * told; so all of it may be. */
static void add_unwritten(struct memory *memory, const uint64_t *file)
{
	for (size_t i = 0; i < memory->count; i++)
		if (memory->area[i].start < file[1] && file[0] < memory->area[i].end)
			return;
	if (file[0] >= file[1] || file[0] % MEMORY_PAGE || file[1] % MEMORY_PAGE ||
	    memory->count >= AREAS_MAX)
		return;
	memory->area = xrealloc(memory->area, (memory->count + 1) * sizeof(*memory->area));
	memory->area[memory->count++] = (struct memory_area){
		.start = file[0], .end = file[1], .readable = true, .executable = true, .path = xstrdup("")};
}

/* NT_FILE: how many, the size of a page, for each start, end, and offset in pages; then their names. */
static void read_files(struct memory *memory, const char *desc, size_t size)
{
	const uint64_t *word = (const uint64_t *)(const void *)desc;
	size_t words = size / sizeof(*word);

	if (words < 2 || word[0] > (words - 2) / 3)
		return;
	const char *name = (const char *)(word + 2 + 3 * word[0]), *end = desc + size;

	for (uint64_t i = 0; i < word[0] && name < end; i++) {
		const uint64_t *file = word + 2 + 3 * i;
		size_t length = strnlen(name, (size_t)(end - name));

		add_unwritten(memory, file);
		for (size_t a = 0; a < memory->count && length < PATH_BYTES; a++) {
			struct memory_area *area = &memory->area[a];

			if (area->start < file[0] || area->start >= file[1] || *area->path)
				continue;
			free((char *)area->path);
			area->path = xstrndup(name, length);
			area->offset = file[2] * word[1] + (area->start - file[0]);
		}
		if (!memory->exe)
			memory->exe = xstrndup(name, length);
		name += length + 1;
	}
}

static void read_thread(struct memory *memory, const char *desc, size_t size)
{
#if defined(__x86_64__)
	const struct elf_prstatus *status = (const void *)desc;
	struct user_regs_struct registers;

	if (size < sizeof(*status) || memory->threads == THREADS_MAX)
		return;
	memcpy(&registers, &status->pr_reg, sizeof(registers));
	memory->thread = xrealloc(memory->thread, (memory->threads + 1) * sizeof(*memory->thread));
	memory->thread[memory->threads++] = (struct memory_thread){
		.tid = status->pr_pid, .thread_pointer = registers.fs_base, .stack_pointer = registers.rsp};
#else
	(void)memory, (void)desc, (void)size;
#endif
}

static void read_notes(struct memory *memory, const Elf64_Phdr *segment)
{
	size_t size = (size_t)segment->p_filesz;

	if (segment->p_filesz > NOTES_MAX)
		return;
	char *notes = xmalloc(size + 8);

	for (size_t at = 0;
	     read_at(memory->fd, segment->p_offset, notes, size) && at + sizeof(Elf64_Nhdr) <= size;) {
		Elf64_Nhdr note;

		memcpy(&note, notes + at, sizeof(note));
		size_t desc = at + sizeof(note) + (((size_t)note.n_namesz + 3) & ~(size_t)3);

		if (desc > size || note.n_descsz > size - desc)
			break;
		/* Aligned: numbers are read from it. */
		char *copied = xmalloc(note.n_descsz + 8);

		memcpy(copied, notes + desc, note.n_descsz);
		if (note.n_type == NT_FILE)
			read_files(memory, copied, note.n_descsz);
		else if (note.n_type == NT_PRSTATUS)
			read_thread(memory, copied, note.n_descsz);
		free(copied);
		at = desc + (((size_t)note.n_descsz + 3) & ~(size_t)3);
	}
	free(notes);
}

static int by_start(const void *a, const void *b)
{
	uint64_t x = ((const Elf64_Phdr *)a)->p_vaddr, y = ((const Elf64_Phdr *)b)->p_vaddr;

	return x < y ? -1 : x > y;
}

static int areas_by_start(const void *a, const void *b)
{
	uint64_t x = ((const struct memory_area *)a)->start, y = ((const struct memory_area *)b)->start;

	return x < y ? -1 : x > y;
}

/* Adds a segment, unless it overlaps the one before. */
static void add_segment(struct memory *memory, const Elf64_Phdr *segment)
{
	const struct memory_area *last = memory->count ? &memory->area[memory->count - 1] : NULL;
	uint64_t end = segment->p_vaddr + segment->p_memsz;
	struct part *parts = memory->segments;

	if (segment->p_type != PT_LOAD || !segment->p_memsz || end < segment->p_vaddr ||
	    segment->p_vaddr % MEMORY_PAGE || end % MEMORY_PAGE || (last && segment->p_vaddr < last->end))
		return;
	memory->area[memory->count++] = (struct memory_area){.start = segment->p_vaddr,
							     .end = end,
							     .readable = segment->p_flags & PF_R,
							     .writable = segment->p_flags & PF_W,
							     .executable = segment->p_flags & PF_X,
							     .path = xstrdup("")};
	uint64_t size = segment->p_filesz < segment->p_memsz ? segment->p_filesz : segment->p_memsz;

	if (size -= size % MEMORY_PAGE)
		parts[memory->segment_count++] = (struct part){segment->p_vaddr, size, segment->p_offset};
}

/* How many segments a core dump has; with more than 65534 the first section header tells. */
static size_t count_segments(int fd, const Elf64_Ehdr *header)
{
	Elf64_Shdr first;

	if (header->e_phnum != PN_XNUM)
		return header->e_phnum;
	return read_at(fd, header->e_shoff, &first, sizeof(first)) ? first.sh_info : 0;
}

struct memory *memory_of_core(int fd, const char **why)
{
	static const struct memory_source source = {run, copy};
	Elf64_Ehdr header;

	*why = "it is no core dump of x86-64";
	if (!read_at(fd, 0, &header, sizeof(header)) || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
	    header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_type != ET_CORE ||
	    header.e_machine != EM_X86_64 || header.e_phentsize != sizeof(Elf64_Phdr))
		return NULL;
	size_t count = count_segments(fd, &header);

	*why = "its program headers cannot be read";
	if (!count || count > SEGMENTS_MAX)
		return NULL;
	Elf64_Phdr *segment = xmalloc(count * sizeof(*segment));

	if (!read_at(fd, header.e_phoff, segment, count * sizeof(*segment))) {
		free(segment);
		return NULL;
	}
	struct memory *memory = xcalloc(1, sizeof(*memory));

	*why = NULL;
	*memory = (struct memory){.source = &source, .fd = fd, .pagemap = -1};
	memory->area = xcalloc(count, sizeof(*memory->area));
	memory->segments = xcalloc(count, sizeof(struct part));
	qsort(segment, count, sizeof(*segment), by_start);
	for (size_t i = 0; i < count; i++)
		add_segment(memory, &segment[i]);
	for (size_t i = 0; i < count; i++)
		if (segment[i].p_type == PT_NOTE)
			read_notes(memory, &segment[i]);
	free(segment);
	qsort(memory->area, memory->count, sizeof(*memory->area), areas_by_start);
	return memory;
}
