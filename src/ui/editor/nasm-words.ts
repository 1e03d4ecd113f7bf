// SPDX-License-Identifier: GPL-2.0-or-later
/** The vocabulary of NASM's x86-64 dialect, for colouring and completion. All lower case. */

const words = (text: string): string[] => text.trim().split(/\s+/);

const CONDITIONS = words(`
  o no b c nae ae nb nc e z ne nz be na a nbe s ns p pe np po l nge ge nl le ng g nle`);

/** General, system and string instructions; jcc, setcc and cmovcc are generated. */
export const INTEGER_MNEMONICS: readonly string[] = [
  ...words(`
    aaa aad aam aas adc adcx add adox and andn arpl bextr blsi blsmsk blsr bound bsf bsr bswap bt
    btc btr bts bzhi call cbw cdq cdqe clac clc cld clflush clflushopt cli clts clwb cmc cmp cmpsb
    cmpsd cmpsq cmpsw cmpxchg cmpxchg8b cmpxchg16b cpuid cqo crc32 cwd cwde daa das dec div
    endbr32 endbr64 enter hlt idiv imul in inc insb insd insw int int1 int3 into invd invlpg iret
    iretd iretq jcxz jecxz jmp jrcxz lahf lar lea leave lfence lgdt lidt lldt lmsw lodsb lodsd
    lodsq lodsw loop loope loopne loopnz loopz lsl ltr lzcnt mfence mov movabs movbe movdir64b
    movdiri movnti movsb movsq movsw movsx movsxd movzx mul mulx neg nop not or out outsb outsd
    outsw pause pdep pext pop popa popcnt popf popfd popfq prefetch prefetchnta prefetcht0
    prefetcht1 prefetcht2 prefetchw push pusha pushf pushfd pushfq rcl rcr rdfsbase rdgsbase rdmsr
    rdpid rdpmc rdrand rdseed rdtsc rdtscp ret retf retn rol ror rorx rsm sahf sal sar sarx sbb
    scasb scasd scasq scasw serialize sfence sgdt shl shld shlx shr shrd shrx sidt sldt smsw stac
    stc std sti stosb stosd stosq stosw str sub swapgs syscall sysenter sysexit sysret test tzcnt
    ud0 ud1 ud2 umonitor umwait verr verw wait wbinvd wrfsbase wrgsbase wrmsr xabort xadd xbegin
    xchg xend xgetbv xlat xlatb xor xrstor xsave xsavec xsaveopt xsetbv xtest
    emms fxsave fxrstor ldmxcsr stmxcsr vldmxcsr vstmxcsr vzeroall vzeroupper`),
  ...CONDITIONS.flatMap((cc) => [`j${cc}`, `set${cc}`, `cmov${cc}`]),
];

/** x87: one prefix, many names. */
export const X87_PATTERN =
  'f(?:2xm1|abs|addp?|bld|bstp|chs|clex|cmov(?:n?b|n?e|n?be|n?u)|comi?p?p?|cos|decstp|divr?p?|free|iadd|icomp?|idivr?|ild|imul|incstp|init|istt?p?|isubr?|ld(?:1|cw|env|l2[et]|lg2|ln2|pi|z)?|mulp?|nclex|ninit|nop|nsave|nst(?:cw|env|sw)|patan|prem1?|ptan|rndint|rstor|save|scale|sin|sincos|sqrt|st(?:cw|env|p|sw)?|subr?p?|tst|ucomi?p?p?|wait|xam|xch|xtract|yl2x|yl2xp1)';

/**
 * MMX, SSE to SSE4.2, AVX, AVX2, FMA, AVX-512, AES and friends, as one pattern: the optional `v`
 * of the VEX and EVEX forms, a stem, a suffix.
 */
export const SIMD_PATTERN = [
  // arithmetic and logic on packed and scalar floats
  'v?(?:add|sub|mul|div|sqrt|min|max|cmp(?:eq|lt|le|unord|neq|nlt|nle|ord)?)(?:[sp][sdh])',
  'v?(?:u?comis[sdh])',
  'v?(?:and|andn|or|xor|unpckl|unpckh|shuf|blend|blendv|dp|round|rcp|rsqrt|hadd|hsub|addsub)[sp][sd]',
  'v(?:rcp14|rsqrt14|rcp28|rsqrt28|exp2|getexp|getmant|scalef|fixupimm|rndscale|reduce|range|fpclass)[sp][sdh]',
  'vf(?:n?m(?:add|sub)|maddsub|msubadd)(?:132|213|231)[sp][sdh]',
  // moves
  'v?mov(?:aps|apd|ups|upd|dqa|dqu|dqa(?:32|64)|dqu(?:8|16|32|64)|ss|sd|sh|d|q|w|lps|lpd|hps|hpd|lhps|hlps|msk?ps|mskps|mskpd|ddup|shdup|sldup|ntps|ntpd|ntdqa?|ntq|q2dq|dq2q)',
  'v?lddqu|v?maskmov(?:q|dqu|ps|pd)|v?p?maskmov[dqps]+|v?pmovmskb',
  // conversions
  'v?cvt\\w+',
  // integer vectors
  'v?p(?:add|sub)(?:us|s)?[bwdq]|v?p(?:mull|mulh|mulhu|mulhrs)(?:[wdq]|uw)|v?pmuludq|v?pmuldq|v?pmadd(?:wd|ubsw)|vpmadd52[lh]uq',
  'v?p(?:and|andn|or|xor)[dq]?|v?pavg[bw]|v?psadbw|v?mpsadbw|v?pabs[bwdq]|v?psign[bwd]',
  'v?p(?:min|max)[us][bwdq]|v?pcmp(?:eq|gt)[bwdq]|vpcmpu?[bwdq]|v?pcmp[ei]str[im]',
  'v?ps(?:ll|rl|ra)(?:[wdq]|dq|v[wdq])|vprol?v?[dq]|vpro[rl]v?[dq]',
  'v?pshuf(?:b|d|w|hw|lw)|v?pack(?:ss|us)(?:wb|dw)|v?punpck[lh](?:bw|wd|dq|qdq)|v?palignr',
  'v?pinsr[bwdq]|v?pextr[bwdq]|v?insertps|v?extractps|v?pblendw|v?pblendvb|v?phadd(?:sw|[wd])|v?phsub(?:sw|[wd])|v?phminposuw',
  'v?pmov[sz]x(?:bw|bd|bq|wd|wq|dq)|vpmov(?:us|s)?(?:wb|db|dw|qb|qw|qd)|vpmov(?:[bwdq]2m|m2[bwdq])',
  'v?ptestn?m?[bwdq]?|vtestp[sd]|v?pclmulqdq|v?aes(?:dec|declast|enc|enclast|imc|keygenassist)|v?gf2p8\\w+|sha(?:1|256)\\w+',
  // VEX and EVEX only
  'vbroadcast\\w+|vpbroadcast\\w+|v(?:insert|extract)[fi](?:128|32x[48]|64x[24])|vperm\\w+|vpperm\\w*|vp?gather\\w+|vp?scatter\\w+',
  'vp?(?:compress|expand)(?:[bwdq]|p[sd])|valign[dq]|vpternlog[dq]|vpconflict[dq]|vplzcnt[dq]|vpopcnt[bwdq]|vpblend(?:d|m[bwdq])|vblendmp[sd]|vpdp\\w+|vdbpsadbw|vshuf[fi]\\d+x\\d',
  'k(?:mov|and|andn|or|xor|xnor|not|add|ortest|test|unpck|shift[lr])[bwdq]{1,2}',
].join('|');

export const REGISTERS: readonly string[] = [
  ...words(`
    rax rbx rcx rdx rsi rdi rbp rsp eax ebx ecx edx esi edi ebp esp ax bx cx dx si di bp sp
    al bl cl dl ah bh ch dh sil dil bpl spl cs ds es fs gs ss`),
  ...Array.from({ length: 8 }, (_, i) =>
    [8, '8d', '8w', '8b'].map((s) => `r${s}`.replace('8', String(i + 8))),
  ).flat(),
  ...Array.from({ length: 32 }, (_, i) => [`xmm${i}`, `ymm${i}`, `zmm${i}`]).flat(),
  ...Array.from({ length: 8 }, (_, i) => [`st${i}`, `mm${i}`, `k${i}`, `dr${i}`]).flat(),
  ...words('cr0 cr2 cr3 cr4 cr8'),
];

export const PREFIXES = words('lock rep repe repz repne repnz xacquire xrelease bnd');

/** Pseudo-instructions: they make data or constants. */
export const PSEUDO = words(`
  db dw dd dq dt do dy dz resb resw resd resq rest reso resy resz incbin equ times`);

export const DIRECTIVES = words(`
  bits use16 use32 use64 default section segment absolute extern required global common static
  cpu float org align alignb sectalign struc endstruc istruc at iend export import group
  uppercase osabi safeseh map list warning`);

export const OPERATORS_AS_WORDS = words(`
  byte word dword qword tword oword yword zword near far short strict rel abs nosplit ptr
  seg wrt dup`);
