"""Everything that is said, in Japanese and English. No value of an opened field is ever printed."""

_TEXTS = """
manifest | 目録: {n}個のファイルが署名時のまま (書出し {ident}、署名 {time}) | manifest: {n} files are as they were signed for (export {ident}, signed {time})
span | 範囲: 記録{first}番から{end}番の前まで ({since} から {until} までの署名の間) | span: entries {first} to before {end}, between the signatures of {since} and {until}
span_whole | 範囲: ログの始まりから記録{end}番の前まで ({until} の署名まで) | span: from the beginning of the log to before entry {end}, up to the signature of {until}
signatures | 署名: チェックポイント{n}件を確認 ({origin}) | signatures: {n} checkpoints of {origin}
entries | 記録: {n}件、範囲内に欠落・挿入・改変なし | entries: {n}, none missing, inserted or altered in the span
opened | 開示項目: {n}件が記録時の約束値と一致 | opened fields: {n} match what was committed to
held | 保留された記録: {n}件が消去の範囲に残り、ログに属する | held entries: {n} outlived a purge and belong to the log
purged | 消去: {n}回、いずれも7年経過後。最後の消去までに{end}件 ({proven}回分はログとの連続も確認) | purges: {n}, all after 7 years; {end} entries are gone by the last (for {proven} the log is proven to continue what is gone)
known | 控え: 以前のチェックポイント・受領証{n}件と一致 | known: agrees with {n} checkpoints and receipts kept earlier
receipt | 受領証: 記録{seq}番 ({action}、{time}) はログにあり、開示項目{opened}件が一致 | receipt: entry {seq} ({action}, {time}) is in the log; {opened} opened fields match
witness | 立会署名: {name} が{n}件に署名、最後はサイズ{size} | witness: {name} has cosigned {n} checkpoints, the last of size {size}
statements | 鍵の証明書: {n}通の署名を確認、欠番なし | statements on keys: {n} signatures checked, no number missing
endorsed | 鍵 {key} は鍵 {by} が保証 (証明書{number}番、{time}) | key {key} is vouched for by {by} (statement {number}, {time})
pinned | 鍵: 指定された指紋の鍵と、それが保証した鍵だけが署名 | keys: only keys with the fingerprints given, and those they vouch for, have signed
withheld | 非開示項目: {n}件の内容は確認できない | withheld fields: the content of {n} was not checked
unpinned | 鍵の持主は未確認。指紋を県から受け取ったものと照合すること: {key} | whose the key is was not checked; compare its fingerprint with the prefecture's: {key}
no_known | 控えの指定なし。ログ全体の差替えは確認できない | no known checkpoint given: a replacement of the whole log was not checked
known_open | サイズ{size}の控えは比べられない。その大きさを含む範囲で書出しを求めること | the known checkpoint of size {size} could not be compared: ask for an export that reaches it
before | 記録{first}番より前はこの書出しにない (うち{gone}件は消去済み) | the entries before {first} are not in this export (of these {gone} are purged)
no_witness | 立会人の鍵の指定なし。立会署名は確認していない | no witness given: cosignatures were not checked
not_cosigned | 立会署名: {name} の署名はない | witness: {name} has cosigned nothing here
timestamps | タイムスタンプ{n}件は確認していない。openssl ts による方法は説明書を参照 | {n} timestamps were not checked: the documentation shows how to with openssl ts
clock_back | 時刻が直前の記録より前の記録が{n}件 (時計の修正など) | {n} entries have an earlier time than the one before (a corrected clock, or worse)
early | 署名の時刻が、含まれる記録より1日以上前のチェックポイントが{n}件 | {n} checkpoints say to be signed more than a day before an entry that they cover
after_end | 鍵 {key} は証明書{number}番 ({time}) で終わったが、それより後の時刻で{n}回署名 | key {key} ended by statement {number} ({time}) but has signed {n} checkpoints at a later time
before_start | 鍵 {key} は証明書{number}番 ({time}) で保証されたが、それより前の時刻で{n}回署名 | key {key} was endorsed by statement {number} ({time}) but has signed {n} checkpoints at an earlier time
order | 保証された鍵がそれより前に署名していないことは、時刻によるほか確認できない | that an endorsed key signed nothing before its endorsement was checked by times alone
not_evidence | README.txt・集計と、鍵の名札・作成日は証拠ではなく、内容は確認していない | README.txt, the summaries and the keys' labels and dates are no evidence and were not checked
extra_files | 目録にないファイル{n}個は確認していない | {n} files that the manifest does not name were not checked
epoch | 第{epoch}期は記録{kept}番から始まる (証明書{number}番、{time}、鍵管理者 {custodians})。前の期で署名された{size}件のうち、残った{kept}件に続かない記録は失われている。{proven}件までは署名済みの内容と証明されている | epoch {epoch} begins with entry {kept} (statement {number}, {time}, custodians {custodians}): of the {size} entries signed before, what lies beyond the {kept} kept is LOST; up to {proven} they are proven to be those signed
lost | 喪失: 控え {file} のサイズ{claimed}に含まれた記録のうち{kept}番からはこのログにない。証明書{number}番が喪失を述べている | LOST: of the entries under the known checkpoint of size {claimed} in {file} those from {kept} on are not in this log; statement {number} says that they are lost
lost_other | 喪失: 控え {file} のサイズ{claimed}とこのログは異なる。証明書{number}番によれば、{proven}件より後は署名された記録ではない | LOST: this log is not what the known checkpoint of size {claimed} in {file} signed; by statement {number} the entries after the first {proven} are not those that were signed
epoch_unproven | 第{epoch}期の始まり (記録{kept}番) とのつながりはこの書出しでは確認できない | how the log leads up to the beginning of epoch {epoch} (entry {kept}) could not be checked in this export
verified_lost | 結果: 検証できた。ただし、控えまたは受領証{n}件の記録は失われている | result: VERIFIED, BUT ENTRIES UNDER {n} CHECKPOINTS OR RECEIPTS GIVEN ARE LOST
verified | 結果: 検証できた | result: VERIFIED
not_verified | 結果: 検証できない | result: NOT VERIFIED
unreadable | 読めないファイルがある: {file} | a file cannot be read: {file}
file_missing | {file} がない | {file} is missing
file_changed | {file} は署名された時のものではない: 改変または差替え | {file} is not what was signed for: altered or replaced
file_twice | {file} が二つある | {file} is there twice
line_cut | {file} {line}行目: 途中で切れている、長すぎる、またはUTF-8でない | {file} line {line}: cut off, too long or not UTF-8
not_canonical | {file} {line}行目: 正規形のJSONでない | {file} line {line}: not canonical JSON
manifest_form | {file} {line}行目まで: 目録の形式でない | {file} up to line {line}: not a manifest
key_form | {file} {line}行目: 公開鍵として読めない | {file} line {line}: not a public key of this format
key_twice | {file} {line}行目: 同じ鍵が二度ある | {file} line {line}: the same key twice
checkpoint_form | {file} {line}行目まで: チェックポイントの形式でない | {file} up to line {line}: not a checkpoint
checkpoint_order | {file}: サイズ{before}の後に、サイズか時刻の戻る{size}がある | {file}: after size {before} comes {size}, which goes back in size or time
start_form | {file}: 範囲の前の部分木の形式でない | {file}: not the subtrees before the span
start_unsigned | {file}: 範囲は{first}番から始まるが、最初の署名はサイズ{size} | {file}: the span begins at {first}, but the first signature is of size {size}
end_unsigned | {file}: 範囲は{end}番の前までだが、最後の署名はサイズ{size}: 末尾が欠けている | {file}: the span ends before {end}, but the last signature is of size {size}: the tail is cut off
beyond_end | 範囲の終わり{end}番より後の記録がある | there are entries beyond the end of the span, {end}
other_log | {file} {place}: 別のログのもの | {file} {place}: of another log
key_label | 鍵 {key} の名札が証明書{number}番と違う | the label of key {key} is not that of statement {number}
bad_signature | {file} {place}: 署名が正しくない | {file} {place}: the signature is false
bad_cosignature | {file} {place}: 立会人 {name} の署名が正しくない | {file} {place}: the cosignature of {name} is false
unknown_signer | {file} {place}: keys.jsonl の鍵による署名がない | {file} {place}: not signed by any key of keys.jsonl
foreign_key | {file} {place}: 指定も保証もされていない鍵による署名 {key} | {file} {place}: signed by a key that was neither named nor vouched for: {key}
ended_key | {file} {place}: 証明書{number}番で終わった鍵による署名 {key} | {file} {place}: signed by a key that had ended by statement {number}: {key}
statement_form | {file} {line}行目まで: 証明書の形式でない | {file} up to line {line}: not a statement
statement_gap | {file}: {expected}番があるべき所に{found}番がある: 欠落・重複・入替え | {file}: statement {found} stands where {expected} should: one is missing, doubled or moved
statement_missing | 記録{seq}番にある証明書{number}番がない | statement {number} of entry {seq} is missing
statement_other | 証明書{number}番の種類が記録{seq}番と違う | statement {number} is not of the kind that entry {seq} says
nothing_signed | 署名されたチェックポイントがない | there is no signed checkpoint
entry_form | {file} {line}行目: 記録の形式でない | {file} line {line}: not an entry of this format
sequence | {expected}番があるべき所に{found}番がある: 欠落・重複・挿入・入替え | entry {found} stands where {expected} should: one is missing, doubled, inserted or moved
epoch_form | 証明書{number}番: 新しい期の証明書として足りない、または合わない | statement {number}: not what a statement of a new epoch must say
epoch_order | 証明書{number}番: 第{expected}期であるべき所が第{found}期: 抜けまたは逆戻り | statement {number} opens epoch {found} where {expected} is next: one is skipped, or they go back
epoch_last | 証明書{number}番: 前の期で最後に署名されたものが合わない | statement {number}: what it quotes as signed last in the epoch before is not that
epoch_manifest | 目録は第{found}期だが、証明書では第{expected}期 | the manifest is of epoch {found}, the statements lead to epoch {expected}
epoch_unsaid | 記録{seq}番: 第{epoch}期の最初だが、そのことを述べていない | entry {seq} is the first of epoch {epoch} and does not say so
epoch_entry | 記録{seq}番: 新しい期の開始として、証明書と合わない | entry {seq}: what it says of a new epoch is not what a statement says
epoch_kept | 証明書{number}番: 残ったとされるサイズ{size}のログが、この記録と合わない | statement {number}: the log that it says was kept, of size {size}, is not this one
epoch_contradicted | {file} {place}: 証明書{number}番が最後とする署名より後の、または異なる署名: 二重のログ | {file} {place}: signed beside, or after, what statement {number} says was signed last: two logs
checkpoint_epoch | {file} {place}: その大きさの時の期のものでない | {file} {place}: not of the epoch in which the log had that size
other_epoch | 記録{seq}番: 別の期の記録である | entry {seq}: of another epoch
commitment | 記録{seq}番: 開示項目 {name} が記録時の約束値と違う | entry {seq}: opened field {name} is not what was committed to
held_order | {file}: 記録{seq}番は順序か範囲が違う | {file}: entry {seq} is out of order or of place
held_proof | {file}: 記録{seq}番はこのログの記録でない | {file}: entry {seq} is not in this log
purge_form | 記録{seq}番: 消去の記録として足りない、または合わない | entry {seq}: not what a record of a purge must say
purged_early | 記録{seq}番: {end}番までの消去は早すぎる (7年を経ていない) | entry {seq}: what was deleted up to {end} was purged too early (7 years had not passed)
earlier_form | {file} {line}行目: 連続性の証明の形式でない | {file} line {line}: not a consistency proof
earlier_proof | サイズ{size}の時のログと、この書出しは続いていない: 差替え | this log does not continue what it was at size {size}: replaced
receipt_form | {file}: 受領証の形式でない | {file}: not a receipt
receipt_proof | {file}: 記録{seq}番は、その署名の下にない | {file}: entry {seq} is not under its signature
tail_cut | {file} は{size}件に署名しているが記録は{found}件しかない: 末尾が欠けている | {file} signs {size} entries, only {found} are here: the tail is cut off
root | {file} サイズ{size}: 署名された値と記録が合わない: 記録の改変または差替え | {file} size {size}: the entries do not give the signed root: altered or replaced
"""
TEXTS = {code: texts for code, *texts in (line.split(" | ") for line in _TEXTS.strip().split("\n"))}


def say(mark: str, code: str, **values: object) -> None:
    """Print one text in both languages: [OK] checked, [--] not checked, [!!] to be explained, [NG] the fault."""
    for text in TEXTS[code]:
        print(mark, text.format(**values))
