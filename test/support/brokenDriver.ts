/** Ends as a process does whose graphics driver is broken. */
process.stderr.write("terminate called in libbroken.so\n", () => process.abort());
