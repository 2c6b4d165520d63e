"""jukura-verify: checks an exported audit log with nothing but the public keys.

Runs anywhere with Python 3.11 and the library `cryptography`, from this folder or as one file (a zipapp); it uses no code of the
system that wrote the log, so these files are all that an auditor has to read. Their order, from the ground up: forms, source, tree, notes,
trust, manifest, checkpoints, epochs, entries, purges, witnesses, receipts, checking, texts, program.

What it checks, in this order:

1. keys.jsonl: public keys, ECDSA P-256 or RSA 3072 (RSASSA-PSS);
2. statements.txt: what the key service signed beside the log, numbered without a gap, each by a key that may sign;
3. manifest.txt: signed by such a key, and every file that it names is there, to the byte;
4. held.jsonl: entries that outlived a purge, by their inclusion proofs;
5. checkpoints.txt (and --known, --receipt): signed notes (C2SP tlog-checkpoint), one origin an epoch, sizes and times that grow, cosignatures
   of the witnesses given by --witness;
6. the entries: numbered without a gap from the first checkpoint to the last, each of the fixed form in canonical JSON (RFC 8785), each opened
   field what the entry committed to: SHA-256(0x02 ‖ name ‖ 0x00 ‖ salt ‖ canonical value);
7. at the size of each checkpoint, that the tree (RFC 9162 §2.1) has the signed root;
8. purges: nothing younger than 7 years, under a checkpoint as old;
9. epochs: a new one begins only where a statement says so, with a first entry that says the same; what was signed before is in the log, or is
   said to be lost by such a statement;
10. by earlier.jsonl, that the log continues what was purged and what the auditor kept.

The first fault ends it. Memory does not grow with the log. Exit status: 0 verified, 1 not, 2 usage or unreadable, 3 verified, but entries
under a checkpoint or receipt that the auditor kept are lost, as a statement says. Findings, marked [!!], do not
change it: each wants an explanation. That a key signed nothing *before* it was endorsed cannot be proven from the log alone; a kept
checkpoint (--known) proves what it covers.
"""
