import { type Command, serverCommand, standaloneCommand } from '#cli/command.ts';

const VISIBILITY = 'public|unlisted|followers|direct';
const ROLE = 'owner|admin|moderator|user';
const YES_NO = 'yes|no';
const limit = { value: 'N', most: 200, help: 'how many at most (20)' } as const;

const passwordOptions = {
  password: { value: 'P', help: 'password: others on this machine can see it in the list of processes' },
  'password-stdin': { help: 'reads the password from the first line of standard input' },
} as const;

const users = () => import('#cli/users.ts');
const posts = () => import('#cli/posts.ts');
const people = () => import('#cli/people.ts');
const reading = () => import('#cli/reading.ts');
const instance = () => import('#cli/instance.ts');
const queue = () => import('#cli/queue.ts');
const upkeep = () => import('#cli/upkeep.ts');

/** Every command by its name: what it takes, one line of help, and where its code is. The order is the order of the help. */
export const commands: Readonly<Record<string, Command>> = {
  'user create': serverCommand({
    args: 'NAME',
    summary: 'creates a local account and the person who signs in to it',
    options: {
      email: { value: 'E', required: true, help: 'address for signing in' },
      ...passwordOptions,
      role: { value: ROLE, help: 'what they may do here (user)' },
    },
    load: async () => (await users()).create,
  }),
  'user list': serverCommand({
    args: '',
    summary: 'lists who signs in here',
    load: async () => (await users()).listAll,
  }),
  'user role': serverCommand({
    args: 'NAME ROLE',
    summary: 'gives somebody another role',
    load: async () => (await users()).setRole,
  }),
  'user password': serverCommand({
    args: 'NAME',
    summary: 'gives somebody another password and signs them out everywhere',
    options: passwordOptions,
    load: async () => (await users()).setPassword,
  }),
  'user disable': serverCommand({
    args: 'NAME',
    summary: 'signs somebody out everywhere and lets them in no more',
    load: async () => (await users()).disable,
  }),
  'user enable': serverCommand({
    args: 'NAME',
    summary: 'lets somebody in again',
    load: async () => (await users()).enable,
  }),
  'user delete': serverCommand({
    args: 'NAME',
    summary: 'deletes an account with all it posted; its name is never given away again',
    options: { yes: { help: 'confirms: it cannot be undone' } },
    load: async () => (await users()).remove,
  }),
  'token create': serverCommand({
    args: 'NAME',
    summary: 'lets a client program act for somebody, and prints its access token',
    options: {
      scopes: { value: 'S', required: true, help: 'what it may do, such as "read write follow push"' },
      app: { value: 'APP', help: 'name of the program (Command line)' },
      token: {
        value: 'T',
        help: 'the token to use instead of a random one: for automated tests, as whoever guesses it is let in',
      },
      'client-id': { value: 'ID', help: 'the program to create or use, with its secret' },
      'client-secret': { value: 'SECRET', help: 'secret of --client-id' },
    },
    load: async () => (await users()).grantToken,
  }),
  profile: serverCommand({
    args: 'NAME',
    summary: 'shows a profile, or changes a local one',
    options: {
      'display-name': { value: 'TEXT', help: 'name that is shown' },
      bio: { value: 'TEXT', help: 'what they say of themselves' },
      field: { value: 'NAME=VALUE', multiple: true, help: 'a line of the profile; those given replace all' },
      locked: { value: YES_NO, help: 'whether they approve who follows them' },
      discoverable: { value: YES_NO, help: 'whether directories may list them' },
      indexable: { value: YES_NO, help: 'whether search engines may index their public posts' },
      'hide-network': { value: YES_NO, help: 'whether to hide whom they follow and who follows them' },
      kind: { value: 'person|service|group|organization', help: 'what it is; a service is a program' },
    },
    load: async () => (await users()).profile,
  }),

  post: serverCommand({
    args: 'NAME [TEXT]',
    summary: 'publishes a post by NAME',
    options: {
      visibility: { value: VISIBILITY, help: 'who sees it (public)' },
      cw: { value: 'TEXT', help: 'content warning' },
      language: { value: 'L', help: 'its language, such as en or fr' },
      'reply-to': { value: 'POST', help: 'id or URL of the post it answers' },
      stdin: { help: 'reads the text from standard input' },
    },
    load: async () => (await posts()).write,
  }),
  edit: serverCommand({
    args: 'NAME POST TEXT',
    summary: 'rewrites a post of NAME',
    load: async () => (await posts()).rewrite,
  }),
  delete: serverCommand({
    args: 'NAME POST',
    summary: 'deletes a post of NAME',
    load: async () => (await posts()).remove,
  }),
  favourite: serverCommand({ args: 'NAME POST', summary: 'likes a post', load: async () => (await posts()).like }),
  unfavourite: serverCommand({
    args: 'NAME POST',
    summary: 'takes a like back',
    load: async () => (await posts()).unlike,
  }),
  reblog: serverCommand({
    args: 'NAME POST',
    summary: "shows a post to NAME's followers",
    load: async () => (await posts()).share,
  }),
  unreblog: serverCommand({
    args: 'NAME POST',
    summary: 'takes a reblog back',
    load: async () => (await posts()).unshare,
  }),
  pin: serverCommand({
    args: 'NAME POST',
    summary: 'keeps a post at the top of the profile',
    load: async () => (await posts()).keepOnTop,
  }),
  unpin: serverCommand({ args: 'NAME POST', summary: 'takes it off the top', load: async () => (await posts()).letGo }),

  follow: serverCommand({
    args: 'NAME HANDLE',
    summary: 'NAME follows, or asks to follow, HANDLE',
    load: async () => (await people()).startFollowing,
  }),
  unfollow: serverCommand({
    args: 'NAME HANDLE',
    summary: 'NAME stops following HANDLE',
    load: async () => (await people()).stopFollowing,
  }),
  requests: serverCommand({
    args: 'NAME',
    summary: 'lists who asks to follow NAME',
    options: { limit },
    load: async () => (await people()).requests,
  }),
  accept: serverCommand({
    args: 'NAME HANDLE',
    summary: 'NAME lets HANDLE follow',
    load: async () => (await people()).accept,
  }),
  reject: serverCommand({
    args: 'NAME HANDLE',
    summary: 'NAME refuses HANDLE, or sends a follower away',
    load: async () => (await people()).reject,
  }),
  block: serverCommand({
    args: 'NAME HANDLE',
    summary: 'NAME blocks HANDLE',
    load: async () => (await people()).shutOut,
  }),
  unblock: serverCommand({
    args: 'NAME HANDLE',
    summary: 'NAME blocks HANDLE no more',
    load: async () => (await people()).letIn,
  }),

  timeline: serverCommand({
    args: 'NAME',
    summary: 'shows the home timeline of NAME, or another as NAME sees it',
    options: {
      limit,
      public: { help: 'public posts of everybody known here' },
      local: { help: 'public posts of this server' },
      tag: { value: 'TAG', help: 'public posts with a hashtag' },
    },
    load: async () => (await reading()).timeline,
  }),
  notifications: serverCommand({
    args: 'NAME',
    summary: 'shows what NAME was told',
    options: { limit },
    load: async () => (await reading()).notifications,
  }),
  conversations: serverCommand({
    args: 'NAME',
    summary: 'shows the direct messages of NAME',
    options: { limit },
    load: async () => (await reading()).conversations,
  }),
  show: serverCommand({
    args: 'POST',
    summary: 'shows a post with its thread',
    options: { as: { value: 'NAME', help: 'as NAME sees it; without, as everybody does' } },
    load: async () => (await reading()).show,
  }),
  search: serverCommand({
    args: 'WHAT',
    summary: 'finds an account (@name@host) or a post (URL) here or on its server',
    load: async () => (await reading()).search,
  }),

  'settings show': serverCommand({
    args: '',
    summary: 'shows what the owner says of this place',
    load: async () => (await instance()).show,
  }),
  'settings set': serverCommand({
    args: 'KEY VALUE',
    summary: 'changes name, description, rules (one a line), registration, contact-email or indexing',
    load: async () => (await instance()).set,
  }),

  'domain block': serverCommand({
    args: 'HOST',
    summary: 'has nothing more to do with a server and its subdomains',
    options: { reason: { value: 'TEXT', help: 'why, for whoever asks later' } },
    load: async () => (await instance()).blockHost,
  }),
  'domain unblock': serverCommand({
    args: 'HOST',
    summary: 'takes that back',
    load: async () => (await instance()).unblockHost,
  }),
  'domain list': serverCommand({
    args: '',
    summary: 'lists the blocked servers',
    load: async () => (await instance()).listHosts,
  }),
  'owner-link': serverCommand({
    args: '',
    summary: 'prints a new link where the first owner signs up, good for an hour',
    needsDatabase: true,
    load: async () => (await instance()).ownerLink,
  }),

  'queue status': serverCommand({
    args: '',
    summary: 'counts jobs by what they do, and says why they failed',
    load: async () => (await queue()).status,
  }),
  'queue run': serverCommand({
    args: '',
    summary: 'works off what is due and ends',
    load: async () => (await queue()).run,
  }),
  'queue retry': serverCommand({
    args: '[HANDLER]',
    summary: 'tries dead jobs again, all or those of HANDLER',
    load: async () => (await queue()).retry,
  }),
  'queue purge': serverCommand({
    args: '[HANDLER]',
    summary: 'forgets dead jobs, all or those of HANDLER',
    load: async () => (await queue()).purge,
  }),

  backup: standaloneCommand({
    args: 'FILE',
    summary: 'writes database, secret and media into one tar file, while the server runs',
    options: { 'without-database': { help: 'leaves the database out: where it is PostgreSQL, and pg_dump has it' } },
    load: async () => (await upkeep()).backup,
  }),
  restore: standaloneCommand({
    args: 'FILE DATA_DIR',
    summary: 'puts a backup into a folder that is empty or not there',
    load: async () => (await upkeep()).restore,
  }),
  doctor: standaloneCommand({
    args: '',
    summary: 'checks that everything a server needs is there, and says what to do',
    load: async () => (await upkeep()).doctor,
  }),
  version: standaloneCommand({ args: '', summary: 'prints the version', load: async () => (await upkeep()).version }),
};
