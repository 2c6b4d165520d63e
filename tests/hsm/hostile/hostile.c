/* A PKCS#11 module for tests that forwards every call to a real one and misbehaves as it is told, while it runs.
 *
 * HOSTILE_MODULE names the real module; HOSTILE_ORDERS a file that the test maps too (see control.py, which has the
 * same layout). The counters lie in that file, so that "the third call" means the same across worker processes.
 * Every argument of a PKCS#11 v2.40 function is a CK_ULONG or a pointer, and CK_BBOOL is passed as one: so one macro
 * with the number of arguments forwards them all. The order of the list is that of CK_FUNCTION_LIST (pkcs11f.h).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

typedef unsigned long word;
typedef word (*any)(void);

enum { FUNCTIONS = 68, RULES = 16, ANY = 0xffff, GET_TOKEN_INFO = 6, LOGIN = 18, PAD = 64 };
enum { NOTHING, ANSWER, SLEEP, HANG, ABORT, EXIT };

struct list {
    unsigned char version[2];
    any functions[FUNCTIONS];
};

struct rule {
    uint16_t function; /* its place in the list, or ANY */
    uint16_t kind;
    uint32_t after; /* misbehave after the real call, not in its place */
    uint64_t first; /* from the nth matching call on, counted from 1 */
    uint64_t times; /* for so many calls */
    uint64_t value; /* CKR, or milliseconds */
    _Atomic uint64_t seen;
};

/* The beginning of CK_TOKEN_INFO. */
struct token {
    unsigned char texts[96];
    word flags;
};

struct orders {
    _Atomic uint64_t delay; /* milliseconds before every call */
    _Atomic uint64_t flags; /* what C_GetTokenInfo says besides */
    char pad[PAD]; /* the PIN that is entered at the token's own pad */
    _Atomic uint64_t calls[FUNCTIONS];
    struct rule rules[RULES];
};

static struct orders *orders;
static struct list *real;

static void rest(uint64_t milliseconds)
{
    struct timespec left = {(time_t)(milliseconds / 1000), (long)(milliseconds % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0) {
    }
}

/* The rule that strikes at this call, if one does. Every rule that matches counts it. */
static struct rule *strikes(unsigned function)
{
    struct rule *found = NULL;
    for (unsigned i = 0; i < RULES; i++) {
        struct rule *rule = &orders->rules[i];
        if (rule->kind == NOTHING || (rule->function != function && rule->function != ANY))
            continue;
        uint64_t seen = atomic_fetch_add(&rule->seen, 1) + 1;
        if (found == NULL && seen >= rule->first && seen - rule->first < rule->times)
            found = rule;
    }
    return found;
}

/* Misbehave; whether the caller is to be answered with the rule's value. */
static int misbehave(const struct rule *rule)
{
    switch (rule->kind) {
    case ANSWER:
        return 1;
    case SLEEP:
        rest(rule->value);
        return 0;
    case HANG:
        for (;;)
            pause();
    case ABORT:
        abort();
    default:
        _exit(3);
    }
}

#define P1 word a
#define P2 P1, word b
#define P3 P2, word c
#define P4 P3, word d
#define P5 P4, word e
#define P6 P5, word f
#define P7 P6, word g
#define P8 P7, word h
#define V1 a
#define V2 V1, b
#define V3 V2, c
#define V4 V3, d
#define V5 V4, e
#define V6 V5, f
#define V7 V6, g
#define V8 V7, h

#define LIST(F) \
    F(0, Initialize, 1) F(1, Finalize, 1) F(2, GetInfo, 1) F(4, GetSlotList, 3) F(5, GetSlotInfo, 2) \
    F(6, GetTokenInfo, 2) F(7, GetMechanismList, 3) F(8, GetMechanismInfo, 3) F(9, InitToken, 4) F(10, InitPIN, 3) \
    F(11, SetPIN, 5) F(12, OpenSession, 5) F(13, CloseSession, 1) F(14, CloseAllSessions, 1) \
    F(15, GetSessionInfo, 2) F(16, GetOperationState, 3) F(17, SetOperationState, 5) F(18, Login, 4) \
    F(19, Logout, 1) F(20, CreateObject, 4) F(21, CopyObject, 5) F(22, DestroyObject, 2) F(23, GetObjectSize, 3) \
    F(24, GetAttributeValue, 4) F(25, SetAttributeValue, 4) F(26, FindObjectsInit, 3) F(27, FindObjects, 4) \
    F(28, FindObjectsFinal, 1) F(29, EncryptInit, 3) F(30, Encrypt, 5) F(31, EncryptUpdate, 5) \
    F(32, EncryptFinal, 3) F(33, DecryptInit, 3) F(34, Decrypt, 5) F(35, DecryptUpdate, 5) F(36, DecryptFinal, 3) \
    F(37, DigestInit, 2) F(38, Digest, 5) F(39, DigestUpdate, 3) F(40, DigestKey, 2) F(41, DigestFinal, 3) \
    F(42, SignInit, 3) F(43, Sign, 5) F(44, SignUpdate, 3) F(45, SignFinal, 3) F(46, SignRecoverInit, 3) \
    F(47, SignRecover, 5) F(48, VerifyInit, 3) F(49, Verify, 5) F(50, VerifyUpdate, 3) F(51, VerifyFinal, 3) \
    F(52, VerifyRecoverInit, 3) F(53, VerifyRecover, 5) F(54, DigestEncryptUpdate, 5) \
    F(55, DecryptDigestUpdate, 5) F(56, SignEncryptUpdate, 5) F(57, DecryptVerifyUpdate, 5) F(58, GenerateKey, 5) \
    F(59, GenerateKeyPair, 8) F(60, WrapKey, 6) F(61, UnwrapKey, 8) F(62, DeriveKey, 6) F(63, SeedRandom, 3) \
    F(64, GenerateRandom, 3) F(65, GetFunctionStatus, 1) F(66, CancelFunction, 1) F(67, WaitForSlotEvent, 3)

/* C_Login; without a PIN, as people at the token's pad would. */
static word login(const word *given)
{
    word pin = given[2], size = given[3];
    if (pin == 0 && orders->pad[0] != 0) {
        pin = (word)orders->pad;
        size = strnlen(orders->pad, PAD);
    }
    return ((word(*)(P4))real->functions[LOGIN])(given[0], given[1], pin, size);
}

/* What the real token's answer is changed to. */
static void alter(unsigned function, word answer, word second)
{
    if (function == GET_TOKEN_INFO && answer == 0)
        ((struct token *)second)->flags |= atomic_load(&orders->flags);
}

#define FORWARD(number, name, count) \
    static word hostile_##name(P##count) \
    { \
        atomic_fetch_add(&orders->calls[number], 1); \
        rest(atomic_load(&orders->delay)); \
        struct rule *rule = strikes(number); \
        if (rule != NULL && !rule->after && misbehave(rule)) \
            return rule->value; \
        word answer = number == LOGIN ? login((const word[]){V##count}) \
                                      : ((word(*)(P##count))real->functions[number])(V##count); \
        alter(number, answer, (const word[]){V##count, 0}[1]); \
        if (rule != NULL && rule->after && misbehave(rule)) \
            return rule->value; \
        return answer; \
    }
LIST(FORWARD)

word C_GetFunctionList(struct list **found);

#define ENTRY(number, name, count) [number] = (any)hostile_##name,
static struct list ours = {{2, 40}, {LIST(ENTRY)[3] = (any)C_GetFunctionList}};

static int ready(void)
{
    const char *module = getenv("HOSTILE_MODULE"), *file = getenv("HOSTILE_ORDERS");
    if (module == NULL || file == NULL)
        return 0;
    int descriptor = open(file, O_RDWR | O_CLOEXEC);
    if (descriptor < 0)
        return 0;
    void *mapped = mmap(NULL, sizeof *orders, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    close(descriptor);
    void *library = dlopen(module, RTLD_NOW | RTLD_LOCAL);
    if (mapped == MAP_FAILED || library == NULL)
        return 0;
    word (*get)(struct list **) = (word(*)(struct list **))dlsym(library, "C_GetFunctionList");
    if (get == NULL || get(&real) != 0)
        return 0;
    orders = mapped;
    return 1;
}

word C_GetFunctionList(struct list **found)
{
    if (orders == NULL && !ready())
        return 5; /* CKR_GENERAL_ERROR */
    *found = &ours;
    return 0;
}
