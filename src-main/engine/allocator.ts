/**
 * How the engine's process gets memory of the system, as variables of its environment. glibc keeps freed memory unless told otherwise; a dropped
 * checkpoint would stay resident. And what is fresh comes in huge pages where the system gives those to who asks (`madvise`, the
 * default of most), which are fewer to get.
 */
export const ALLOCATOR: Readonly<Record<string, string>> =
  process.platform === "linux"
    ? { MALLOC_TRIM_THRESHOLD_: "0", MALLOC_MMAP_THRESHOLD_: "65536", GLIBC_TUNABLES: "glibc.malloc.hugetlb=1" }
    : {};
