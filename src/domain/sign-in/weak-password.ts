/** Words that passwords are made of first of all, in the languages of our pages. Letters only: what is added to them is not counted. */
const COMMON = new Set(
  `password passwort passwords motdepasse mdp secret admin administrator administrateur root user utilisateur login letmein welcome bienvenue
  bonjour hello salut azerty azertyuiop qwerty qwertz qwertyuiop asdfghjkl wxcvbn zxcvbnm abcdefgh abcdefghi iloveyou jetaime loulou doudou
  chouchou coucou soleil sunshine princess princesse dragon monkey football baseball superman batman pokemon master shadow michael jordan
  charlie freedom trustno changeme default test testtest parvis parvisparvis mastodon fediverse nicolas marseille france paris`.split(
    /\s+/,
  ),
);

/** Digits and letters as they follow each other on keyboards and in alphabets, both ways. */
const RUNS = [
  '01234567890',
  'abcdefghijklmnopqrstuvwxyz',
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  'azertyuiop',
  'qsdfghjklm',
  'wxcvbn',
].flatMap((run) => [run, Array.from(run).toReversed().join('')]);

/**
 * Whether a password is among the first that anybody tries: a common word with ornaments, one or two characters over and over, a run on
 * the keyboard, or a name that stands beside it.
 *
 * @param about what is known of the account: its name, its address
 */
export function isGuessable(password: string, about: readonly string[] = []): boolean {
  const plain = password.normalize('NFKC').toLowerCase();
  if (new Set(plain).size <= 2 || isRepeated(plain)) return true;
  if (isMadeOfRuns(plain)) return true;
  const letters = plain
    .replaceAll('0', 'o')
    .replaceAll('1', 'i')
    .replaceAll('3', 'e')
    .replaceAll('4', 'a')
    .replaceAll('@', 'a');
  const cores = [plain, letters].map((text) => text.replaceAll(/[^\p{L}]/gu, ''));
  const names = about
    .flatMap((name) => [name.replaceAll(/[^\p{L}]/gu, ''), ...name.split(/[^\p{L}]+/u)])
    .map((name) => name.toLowerCase())
    .filter((name) => name.length >= 3);
  return cores.some((core) => COMMON.has(core) || names.includes(core));
}

/** One part of it over and over. */
function isRepeated(text: string): boolean {
  return /^(.{1,4})\1+$/su.test(text);
}

/** Nothing but runs of four or more, as in `12345678` and `qwer4321`. */
function isMadeOfRuns(text: string): boolean {
  let rest = text;
  while (rest !== '') {
    let length = Math.min(rest.length, 26);
    while (length >= 4 && !RUNS.some((run) => run.includes(rest.slice(0, length)))) length -= 1;
    if (length < 4) return false;
    rest = rest.slice(length);
  }
  return true;
}
