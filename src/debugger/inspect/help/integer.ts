// SPDX-License-Identifier: GPL-2.0-or-later
/** What integer instructions do, a line each: `mnemonic: sentence`. */
export const INTEGER_HELP = `
mov: Copies the source to the destination. A 32-bit destination register has its upper half cleared.
movabs: Copies a 64-bit number or the value at a 64-bit address.
movzx: Copies a smaller value and fills the new upper bits with zeros.
movsx: Copies a smaller value and fills the new upper bits with its sign.
movsxd: Copies a 32-bit value and fills the upper 32 bits with its sign.
lea: Computes the address that the second operand describes and keeps it; memory is not touched. Often used to add and multiply in one go.
xchg: Swaps the two operands. With memory it does so in one step that no other processor can split.
push: Moves rsp down by 8 and stores the operand there.
pop: Loads the value that rsp points at and moves rsp up by 8.
pushfq: Pushes rflags.
popfq: Pops rflags.
pushf: Pushes rflags.
popf: Pops rflags.
add: Adds the source to the destination.
adc: Adds the source and the carry flag to the destination: the next digit of a longer sum.
sub: Subtracts the source from the destination.
sbb: Subtracts the source and the carry flag (the borrow) from the destination.
cmp: Subtracts the second operand from the first for the flags only; the result is thrown away.
test: Ands the operands for the flags only. Of a register with itself it asks: zero? negative?
inc: Adds 1. The carry flag stays as it is.
dec: Subtracts 1. The carry flag stays as it is.
neg: Replaces the value by its negative. CF tells whether it was other than zero.
not: Inverts every bit; no flag changes.
and: Keeps the bits that are set in both operands; clears CF and OF.
or: Keeps the bits that are set in at least one operand; clears CF and OF.
xor: Keeps the bits that are set in just one operand; of a register with itself it makes zero. Clears CF and OF.
shl: Shifts left, zeros come in: each step doubles. The last bit shifted out goes to CF.
sal: Shifts left, zeros come in: each step doubles. The last bit shifted out goes to CF.
shr: Shifts right, zeros come in: each step halves an unsigned number.
sar: Shifts right, copies of the sign come in: each step halves a signed number, rounding down.
rol: Rotates left: bits that leave at the top come in at the bottom.
ror: Rotates right: bits that leave at the bottom come in at the top.
rcl: Rotates left through the carry flag.
rcr: Rotates right through the carry flag.
shld: Shifts the first operand left and fills it from the top of the second.
shrd: Shifts the first operand right and fills it from the bottom of the second.
imul: Multiplies signed numbers. With one operand the product is twice as wide and goes to rdx:rax, with two or three its low half is kept.
mul: Multiplies rax by the operand, both unsigned; the product is twice as wide and goes to rdx:rax.
div: Divides rdx:rax by the operand, unsigned: quotient to rax, remainder to rdx. Faults when the operand is 0 or the quotient does not fit.
idiv: Divides rdx:rax by the operand, signed: quotient to rax, remainder to rdx. Faults when the operand is 0 or the quotient does not fit.
cbw: Extends al to ax by its sign.
cwde: Extends ax to eax by its sign.
cdqe: Extends eax to rax by its sign.
cwd: Extends ax to dx:ax by its sign.
cdq: Extends eax to edx:eax by its sign, as idiv wants it.
cqo: Extends rax to rdx:rax by its sign, as idiv wants it.
bswap: Reverses the order of the bytes: big-endian to little-endian and back.
bsf: Finds the lowest bit that is set and gives its number. ZF: there is none, the destination is left alone.
bsr: Finds the highest bit that is set and gives its number. ZF: there is none, the destination is left alone.
bt: Copies the bit with the given number to CF.
bts: Copies the bit with the given number to CF, then sets it.
btr: Copies the bit with the given number to CF, then clears it.
btc: Copies the bit with the given number to CF, then inverts it.
tzcnt: Counts the zero bits below the lowest set one.
lzcnt: Counts the zero bits above the highest set one.
popcnt: Counts the bits that are set.
cmpxchg: Compares rax with the destination; when equal stores the source there, else loads the destination into rax.
xadd: Adds the source to the destination and gives back its old value in the source.
call: Pushes the address of the next instruction and jumps to the operand; ret comes back.
ret: Pops the return address and goes on there.
jmp: Goes on at the operand.
leave: Ends a frame: rsp takes rbp's value, and rbp is popped.
enter: Begins a frame: pushes rbp, sets it to rsp and makes room below.
loop: Subtracts 1 from rcx and jumps unless it has become zero.
jrcxz: Jumps when rcx is zero.
jecxz: Jumps when ecx is zero.
syscall: Calls the Linux kernel: rax has the number of the call, rdi, rsi, rdx, r10, r8, r9 its arguments. The result comes in rax; rcx and r11 are lost.
int3: Stops in the debugger, as a breakpoint does.
ud2: Is no instruction on purpose: it faults, to mark a place that must not be reached.
hlt: Halts the processor; programs may not, and fault.
nop: Does nothing; used to fill space, so that what follows is aligned.
endbr64: Marks a place that indirect jumps may go to; does nothing else.
pause: Tells the processor that it waits in a loop.
cld: Clears the direction flag: string instructions go upwards.
std: Sets the direction flag: string instructions go downwards.
clc: Clears the carry flag.
stc: Sets the carry flag.
cmc: Inverts the carry flag.
lahf: Copies SF, ZF, AF, PF and CF to ah.
sahf: Copies ah to SF, ZF, AF, PF and CF.
movsb: Copies a byte from [rsi] to [rdi] and moves both on; with rep, rcx times.
movsw: Copies a word from [rsi] to [rdi] and moves both on; with rep, rcx times.
movsq: Copies 8 bytes from [rsi] to [rdi] and moves both on; with rep, rcx times.
stosb: Stores al at [rdi] and moves rdi on; with rep, rcx times.
stosw: Stores ax at [rdi] and moves rdi on; with rep, rcx times.
stosd: Stores eax at [rdi] and moves rdi on; with rep, rcx times.
stosq: Stores rax at [rdi] and moves rdi on; with rep, rcx times.
lodsb: Loads a byte from [rsi] into al and moves rsi on.
lodsw: Loads a word from [rsi] into ax and moves rsi on.
lodsd: Loads 4 bytes from [rsi] into eax and moves rsi on.
lodsq: Loads 8 bytes from [rsi] into rax and moves rsi on.
scasb: Compares al with the byte at [rdi] and moves rdi on; with repne it looks for al, at most rcx times.
scasw: Compares ax with the word at [rdi] and moves rdi on.
scasd: Compares eax with the value at [rdi] and moves rdi on.
scasq: Compares rax with the value at [rdi] and moves rdi on.
cmpsb: Compares the bytes at [rsi] and [rdi] and moves both on; with repe as long as they are equal, at most rcx times.
cmpsw: Compares the words at [rsi] and [rdi] and moves both on.
cmpsq: Compares 8 bytes at [rsi] and [rdi] and moves both on.
cpuid: Tells what this processor is and can do: eax chooses the question, the answer comes in eax, ebx, ecx, edx.
rdtsc: Reads the processor's clock into edx:eax.
rdtscp: Reads the processor's clock into edx:eax, after what came before is done.
xgetbv: Tells which parts of the processor's state the system keeps for programs.
rdrand: Takes a random number from the processor; CF tells whether there was one.
rdseed: Takes a seed for a random number generator from the processor; CF tells whether there was one.
andn: Ands the second operand inverted with the third.
blsr: Clears the lowest set bit.
blsi: Keeps only the lowest set bit.
blsmsk: Sets all bits up to the lowest set one, and clears the others.
bextr: Takes a field of bits out of the source.
bzhi: Clears the bits from a given number on.
mulx: Multiplies rdx by the source, unsigned, into two registers; no flag changes.
rorx: Rotates right by a constant; no flag changes.
shlx: Shifts left; no flag changes.
shrx: Shifts right, zeros come in; no flag changes.
sarx: Shifts right, copies of the sign come in; no flag changes.
pdep: Spreads low bits of the source over the places that a mask names.
pext: Gathers the bits at the places that a mask names.
movbe: Copies between register and memory with the bytes in reverse order.
mfence: Waits until all loads and stores before it are done.
lfence: Waits until all loads before it are done.
sfence: Waits until all stores before it are done.
`;
