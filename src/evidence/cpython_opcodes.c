/* SPDX-License-Identifier: Apache-2.0 */

/* From 3.11 on instructions have room for what they learn behind them, which looks like instructions. How
 * much is the same for an instruction and all that it is replaced by; it differs by version (Lib/opcode.py,
 * from 3.13 on Lib/_opcode_metadata.py). */

#include "evidence/cpython_opcodes.h"

/* One character an opcode: units of room, A is 10. */
static const char room_11[] = "00011111100001101444444444222200000000044444000550000005AAAA10AA"
                              "1111000011001111110000000000100400000000004200000100500001100001"
                              "00000000000001010000000004400044A0000010111400000111100000000000"
                              "0000000000000000000000000000000000000000000000000000000000000000";
static const char room_12[] = "0000001110100110101111133100330000300033333333333000000031111011"
                              "1111009099009999999000000000110400000000009100044400400000110000"
                              "0000000000000100000040000400000111000011100300000000000000000000"
                              "0000000000000000000000000000000000000000000001000300000010000000";
static const char room_13[] = "0001010000000000000000000000000000000001300001000000030000110000"
                              "0000000010000100009000000004010001111000100040000000010000000000"
                              "0000000000000000000000111111111111333333333333333333331111111119"
                              "9999999999944110144411333333111000000000000000000011300001111100";
static const char room_14[] = "0005000000000000000000000000000000000013000050000000300311000000"
                              "0000001000010000900000000000400010001111001000400000000100000000"
                              "0555555555555553333333333333333333333311111111111999999999999900"
                              "4411014441133333311100000000000000000000000001000111100001330100";
static const char room_15[] = "0005100000000000000000000000000000001300005000000030031100000000"
                              "0000101000100009000000000004000100011110010004000000001000000000"
                              "1555555555555555333333311333333333333333311111111111111999999999"
                              "9999441111111444113333331110000000000000000010001111100013311000";

const char *cpython_rooms(unsigned minor)
{
        static const char *const rooms[] = {room_11, room_12, room_13, room_14, room_15};
        if (minor < 11 || minor > CPYTHON_NEWEST)
                return NULL;
        return rooms[minor - 11];
}

unsigned cpython_room(unsigned minor, uint8_t op)
{
        const char *rooms = cpython_rooms(minor);
        return rooms ? cpython_room_of(rooms[op]) : 0;
}

/* One character an opcode, those that it is replaced by included: enum cpython_meaning. From Lib/opcode.py,
 * Lib/dis.py and from 3.13 on Lib/_opcode_metadata.py; 3.7 and 3.8 agree in all that is named. */
static const char meanings_7[] = ".pZ.d....0uuu..ubb.bb.bbbsbbbb.........................bbb.bSDbb"
                                 "bbbbu..l...bbbbb...R.0....r0...Apr0.qnBBB.abMi....jjg.......vw0."
                                 "...c.B.llr0..k..e...lUU.UU.f.B..mC.............................."
                                 "................................................................";
static const char meanings_8[] = ".pZ.d....0uuu..ubb.bb.bbbsbbbb.........................bbb.bSDbb"
                                 "bbbbu..l...bbbbb...R.0....r0...Apr0.qnBBB.abMi....jjg.......vw0."
                                 "...c.B.llr0..k..e...lUU.UU.f.B..mC.............................."
                                 "................................................................";
static const char meanings_9[] = ".pZ.d....0uuu..ubb.bb.bbbsbbbb.........................bbb.bSDbb"
                                 "bbbbu..l..lbbbbb..uR.0....r0...Apr0.qnBBB.abMi....jjgbb.....vw0."
                                 "...c.B.llr0..k..e...l......f.B..mCpppp.........................."
                                 "................................................................";
static const char meanings_10[] = ".pZ.d....0uuu..ubb.bb.bbbsbbbb.........................bbb.bSDbb"
                                  "bbbbu..l..lbbbbb..uR.0....r0...Apr0.qnBBB.abMi....jjgbb.....vw0."
                                  "...c.B.llr0..k..e...l......f.B..mCpppp.........................."
                                  "................................................................";
static const char meanings_11[] = "0plbbbbbb0uuubbubsssssCCCsbbbb....e....aaaaaqvvgg......gmmmmSDmm"
                                  "0000u..l00l.000000uR.0....r0...Apr0zqnBBB.abMi...0jjgbb.y0b.vw00"
                                  "jj...B.0llr0.0.0e...l000.AAf.BAAmwpppp0wSSSC0jjjj..............."
                                  "................................................................";
static const char meanings_12[] = "0pl...bbb0buubbub.bssssCCst.CC....C...CCCCCCCCCCC.......CbbbSD.."
                                  "....u.alaal.aaaaaaaRq0vlv.r0...Apr0zqnBBB.abMi.ggAjjgbb.y.b.vw0v"
                                  "jj...B.0llr0...ve...A0.0.Awf.BwSS.pppp.....C0..................."
                                  "................................................................";
static const char meanings_13[] = "0..bts...D....ub...u...lll....0.p.l.R0.Suuuu.b.B.BBBBC...Kbbuy0p"
                                  "0000pp.e..iMb....paqlvvvV..gn.0..jjjj......pArwxWrrz............"
                                  ".....................0bbbbbbbsssssCCCCCCCCCCCCCCCCCCCCbbbbb....a"
                                  "aaaaaaaaaaagg..0.AAASSuuuuuu....................................";
static const char meanings_14[] = "0t.o....D...ub..u....ll....00..p.l.R0.Suuuu.o.B.BBBBC..Kbbuy0p00"
                                  "00pp.e..iMb....palqlvvvVvV..gnl..0..jjjj.....pArwxWrrz.........."
                                  "0ooooooooooooooCCCCCCCCKKKCCCCCCCCCCCCbbbbb......aaaaaaaaaaaaaqq"
                                  "gg..0.AAASSuuuuuu...............................................";
static const char meanings_15[] = "0t.o....D...ub.....ll....00..p.l.R0.Suuuu.o.B.BBBBC..Kbbuy0p0000"
                                  "pp.e..uiMb....palqlvvvVvV..gnl..0..jjjj.....pArwxWrrz..........."
                                  "0oooooooooooooooCCCCCCC..CKKKCCCCCCCCCCCCbbbbb.....uu..aaaaaaaaa"
                                  "aaaagg..00...AAASSuuuuuu........................................";

char cpython_meaning(unsigned minor, uint8_t op)
{
        static const char *const meanings[] = {meanings_7,  meanings_8,  meanings_9,
                                               meanings_10, meanings_11, meanings_12,
                                               meanings_13, meanings_14, meanings_15};
        if (minor < CPYTHON_OLDEST || minor > CPYTHON_NEWEST)
                return CPYTHON_OTHER;
        return meanings[minor - CPYTHON_OLDEST][op];
}
