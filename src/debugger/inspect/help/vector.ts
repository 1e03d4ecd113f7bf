// SPDX-License-Identifier: GPL-2.0-or-later
/** What vector and floating-point instructions do, a line each: `mnemonic: sentence`. */
export const VECTOR_HELP = `
movss: Copies one single. Loaded from memory, it clears the rest of the register; between registers the rest stays.
movsd: Copies one double. Loaded from memory, it clears the upper half of the register; between registers that stays. (Without an xmm register it is the string instruction: 4 bytes from [rsi] to [rdi].)
movaps: Copies 16 bytes; an address must be a multiple of 16, or it faults.
movapd: Copies 16 bytes; an address must be a multiple of 16, or it faults.
movdqa: Copies 16 bytes; an address must be a multiple of 16, or it faults.
movups: Copies 16 bytes, at any address.
movupd: Copies 16 bytes, at any address.
movdqu: Copies 16 bytes, at any address.
lddqu: Loads 16 bytes from any address.
movntps: Stores 16 bytes past the cache.
movntpd: Stores 16 bytes past the cache.
movntdq: Stores 16 bytes past the cache.
movnti: Stores an integer past the cache.
movd: Copies 32 bits between an xmm register and a general register or memory; the rest of the xmm register is cleared.
movq: Copies 64 bits between an xmm register and a general register or memory; the upper half of the xmm register is cleared.
movlps: Copies 8 bytes between memory and the low half of a register; the upper half stays.
movlpd: Copies 8 bytes between memory and the low half of a register; the upper half stays.
movhps: Copies 8 bytes between memory and the upper half of a register; the low half stays.
movhpd: Copies 8 bytes between memory and the upper half of a register; the low half stays.
movhlps: Copies the upper half of the source to the low half of the destination.
movlhps: Copies the low half of the source to the upper half of the destination.
movddup: Copies the low double to both lanes.
movshdup: Copies the odd singles each over the even one below it.
movsldup: Copies the even singles each over the odd one above it.
movmskps: Gathers the signs of the four singles into four bits.
movmskpd: Gathers the signs of the two doubles into two bits.
pmovmskb: Gathers the top bit of each of the 16 bytes into 16 bits.
addss: Adds the low singles; the other lanes stay.
addsd: Adds the low doubles; the upper lane stays.
addps: Adds four singles lane by lane.
addpd: Adds two doubles lane by lane.
subss: Subtracts the low singles; the other lanes stay.
subsd: Subtracts the low doubles; the upper lane stays.
subps: Subtracts four singles lane by lane.
subpd: Subtracts two doubles lane by lane.
mulss: Multiplies the low singles; the other lanes stay.
mulsd: Multiplies the low doubles; the upper lane stays.
mulps: Multiplies four singles lane by lane.
mulpd: Multiplies two doubles lane by lane.
divss: Divides the low singles; the other lanes stay.
divsd: Divides the low doubles; the upper lane stays.
divps: Divides four singles lane by lane.
divpd: Divides two doubles lane by lane.
sqrtss: Takes the square root of the low single; the other lanes stay.
sqrtsd: Takes the square root of the low double; the upper lane stays.
sqrtps: Takes four square roots of singles.
sqrtpd: Takes two square roots of doubles.
rcpps: Approximates 1/x of four singles, to 12 bits.
rcpss: Approximates 1/x of the low single, to 12 bits.
rsqrtps: Approximates 1/sqrt(x) of four singles, to 12 bits.
rsqrtss: Approximates 1/sqrt(x) of the low single, to 12 bits.
minss: Keeps the smaller of the low singles; when one is not a number, the second.
minsd: Keeps the smaller of the low doubles; when one is not a number, the second.
minps: Keeps the smaller of each pair of singles; when one is not a number, the second.
minpd: Keeps the smaller of each pair of doubles; when one is not a number, the second.
maxss: Keeps the larger of the low singles; when one is not a number, the second.
maxsd: Keeps the larger of the low doubles; when one is not a number, the second.
maxps: Keeps the larger of each pair of singles; when one is not a number, the second.
maxpd: Keeps the larger of each pair of doubles; when one is not a number, the second.
haddps: Adds neighbouring singles of both operands.
haddpd: Adds the two doubles of each operand.
hsubps: Subtracts neighbouring singles of both operands.
hsubpd: Subtracts the two doubles of each operand.
addsubps: Subtracts in the even lanes and adds in the odd ones.
addsubpd: Subtracts in the low lane and adds in the upper one.
ucomiss: Compares the low singles and says in ZF, PF, CF: greater 000, less 001, equal 100, not a number 111.
ucomisd: Compares the low doubles and says in ZF, PF, CF: greater 000, less 001, equal 100, not a number 111.
comiss: Compares the low singles and says in ZF, PF, CF: greater 000, less 001, equal 100, not a number 111.
comisd: Compares the low doubles and says in ZF, PF, CF: greater 000, less 001, equal 100, not a number 111.
cmpss: Compares the low singles: all bits of the lane are set when it holds, else cleared.
cmpsd: Compares the low doubles: all bits of the lane are set when it holds, else cleared.
cmpps: Compares four pairs of singles: all bits of a lane are set where it holds, else cleared.
cmppd: Compares two pairs of doubles: all bits of a lane are set where it holds, else cleared.
andps: Ands 128 bits; with a mask it clears lanes or takes signs away.
andpd: Ands 128 bits; with a mask it clears lanes or takes signs away.
andnps: Ands the inverted destination with the source, 128 bits.
andnpd: Ands the inverted destination with the source, 128 bits.
orps: Ors 128 bits.
orpd: Ors 128 bits.
xorps: Xors 128 bits; of a register with itself it makes zero, with a mask of signs it negates.
xorpd: Xors 128 bits; of a register with itself it makes zero, with a mask of signs it negates.
pand: Ands 128 bits.
pandn: Ands the inverted destination with the source, 128 bits.
por: Ors 128 bits.
pxor: Xors 128 bits; of a register with itself it makes zero.
ptest: Ands for the flags only: ZF says that no common bit is set, CF that the source has none beyond the destination's.
unpcklps: Interleaves the low singles: destination 0, source 0, destination 1, source 1.
unpckhps: Interleaves the high singles: destination 2, source 2, destination 3, source 3.
unpcklpd: Puts the low doubles side by side: the destination's below, the source's above.
unpckhpd: Puts the upper doubles side by side: the destination's below, the source's above.
shufps: Chooses two singles of the destination for the low half and two of the source for the upper half, by two bits each.
shufpd: Chooses one double of the destination and one of the source, by a bit each.
pshufd: Copies any of the source's four 32-bit lanes to each lane, by two bits each.
pshufb: Copies any of the destination's bytes to each byte, by the source's low bits.
pshuflw: Rearranges the four low words.
pshufhw: Rearranges the four high words.
palignr: Joins both operands and takes 16 bytes from within.
punpcklbw: Interleaves the low bytes of both.
punpcklwd: Interleaves the low words of both.
punpckldq: Interleaves the low 32-bit lanes of both.
punpcklqdq: Puts the low 64-bit lanes side by side.
punpckhbw: Interleaves the high bytes of both.
punpckhwd: Interleaves the high words of both.
punpckhdq: Interleaves the high 32-bit lanes of both.
punpckhqdq: Puts the upper 64-bit lanes side by side.
packsswb: Narrows words to bytes, keeping what does not fit at the limit.
packuswb: Narrows words to unsigned bytes, keeping what does not fit at the limit.
packssdw: Narrows 32-bit lanes to words, keeping what does not fit at the limit.
paddb: Adds 16 bytes lane by lane.
paddw: Adds 8 words lane by lane.
paddd: Adds four 32-bit lanes.
paddq: Adds two 64-bit lanes.
psubb: Subtracts 16 bytes lane by lane.
psubw: Subtracts 8 words lane by lane.
psubd: Subtracts four 32-bit lanes.
psubq: Subtracts two 64-bit lanes.
pmullw: Multiplies words and keeps the low halves.
pmulld: Multiplies 32-bit lanes and keeps the low halves.
pmuludq: Multiplies the even 32-bit lanes to 64 bits, unsigned.
pmaddwd: Multiplies words and adds neighbouring products.
psadbw: Sums the absolute differences of bytes.
pavgb: Averages bytes, rounding up.
pminub: Keeps the smaller unsigned byte of each pair.
pmaxub: Keeps the larger unsigned byte of each pair.
pcmpeqb: Sets all bits of each byte where both are equal, clears the others.
pcmpeqw: Sets all bits of each word where both are equal, clears the others.
pcmpeqd: Sets all bits of each 32-bit lane where both are equal, clears the others.
pcmpgtb: Sets all bits of each byte where the first is greater (signed), clears the others.
pcmpgtw: Sets all bits of each word where the first is greater (signed), clears the others.
pcmpgtd: Sets all bits of each 32-bit lane where the first is greater (signed), clears the others.
psllw: Shifts words left.
pslld: Shifts 32-bit lanes left.
psllq: Shifts 64-bit lanes left.
psrlw: Shifts words right, zeros come in.
psrld: Shifts 32-bit lanes right, zeros come in.
psrlq: Shifts 64-bit lanes right, zeros come in.
psraw: Shifts words right, copies of the sign come in.
psrad: Shifts 32-bit lanes right, copies of the sign come in.
pslldq: Shifts all 128 bits left by whole bytes.
psrldq: Shifts all 128 bits right by whole bytes.
pextrw: Takes one word out of an xmm register.
pinsrw: Puts one word into an xmm register.
pextrb: Takes one byte out of an xmm register.
pextrd: Takes one 32-bit lane out of an xmm register.
pextrq: Takes one 64-bit lane out of an xmm register.
pinsrb: Puts one byte into an xmm register.
pinsrd: Puts one 32-bit lane into an xmm register.
pinsrq: Puts one 64-bit lane into an xmm register.
extractps: Takes one single out of an xmm register, as bits.
insertps: Puts one single into a lane, and may clear others.
blendps: Takes each single from one or the other operand, by a constant.
blendpd: Takes each double from one or the other operand, by a constant.
roundss: Rounds the low single to a whole number.
roundsd: Rounds the low double to a whole number.
roundps: Rounds four singles to whole numbers.
roundpd: Rounds two doubles to whole numbers.
cvtsi2ss: Turns a signed integer into a single, rounding as MXCSR says; the other lanes stay.
cvtsi2sd: Turns a signed integer into a double; the upper lane stays.
cvtss2si: Turns a single into a signed integer, rounding as MXCSR says (to nearest, ties to even).
cvtsd2si: Turns a double into a signed integer, rounding as MXCSR says (to nearest, ties to even).
cvttss2si: Turns a single into a signed integer, cutting the fraction off.
cvttsd2si: Turns a double into a signed integer, cutting the fraction off.
cvtss2sd: Turns a single into a double, exactly; the upper lane stays.
cvtsd2ss: Rounds a double to a single; the other lanes stay.
cvtps2pd: Turns the two low singles into doubles, exactly.
cvtpd2ps: Rounds two doubles to singles in the low half; the upper half is cleared.
cvtdq2ps: Turns four signed 32-bit integers into singles.
cvtdq2pd: Turns the two low signed 32-bit integers into doubles.
cvtps2dq: Turns four singles into signed 32-bit integers, rounding as MXCSR says.
cvttps2dq: Turns four singles into signed 32-bit integers, cutting fractions off.
cvttpd2dq: Turns two doubles into signed 32-bit integers, cutting fractions off.
ldmxcsr: Loads MXCSR, the control and status of floating point: rounding, masks, flags.
stmxcsr: Stores MXCSR, the control and status of floating point: rounding, masks, flags.
prefetcht0: Asks for a line of memory to be brought into the caches; changes nothing.
prefetcht1: Asks for a line of memory to be brought into the outer caches; changes nothing.
prefetchnta: Asks for a line of memory that is used once; changes nothing.
emms: Ends the use of the old MMX registers.
`;
