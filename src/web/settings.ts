import { registrationModes } from '#config.ts';
import { NotAllowed } from '#domain/errors.ts';
import { updateProfile } from '#domain/accounts/update-profile.ts';
import { updateSettings } from '#domain/instance/settings.ts';
import { hasRole } from '#domain/sign-in/user.ts';
import { type Form, readForm } from '#http/form.ts';
import { readQuery } from '#http/query.ts';
import { errorsOf, type Problem, problemsWith } from '#web/form-problem.ts';
import { seeOther, showPage } from '#web/page.ts';
import { viewerOf } from '#web/sign-in.ts';
import type { WebContext } from '#web/site.ts';

interface Failed<T> {
  typed: T;
  problems: readonly Problem[];
}

function readInstance(form: Form) {
  return {
    name: form.text('name'),
    description: form.text('description'),
    rules: form.text('rules'),
    registration: registrationModes.find((mode) => mode === form.text('registration')) ?? 'closed',
    contactEmail: form.text('contactEmail'),
    indexing: form.isChecked('indexing') ? ('allowed' as const) : ('refused' as const),
  };
}

/** What this place is, as its owner says: the second step of the set-up, and later. */
export function showInstanceSettings(http: WebContext, failed?: Failed<ReturnType<typeof readInstance>>): void {
  const { ctx, visit } = http.state;
  ownerOf(http);
  const { t, settings } = visit;
  const isWelcome = readQuery(http).get('welcome') === 'yes';
  const shown = failed?.typed ?? { ...settings, rules: settings.rules.join('\n') };
  showPage(http, {
    view: 'settings-instance',
    title: isWelcome ? t.settings.welcome : t.settings.instance,
    isRefused: failed !== undefined,
    data: {
      tabs: tabs(http),
      heading: isWelcome ? t.settings.welcome : t.settings.instance,
      intro: isWelcome ? t.settings.welcomeText : '',
      values: shown,
      registrations: registrationModes.map((value) => ({
        value,
        label: t.about.registrations[value],
        // A choice that is fixed is not in what was typed.
        isChosen: value === (ctx.config.registration ?? shown.registration),
      })),
      isFixed: ctx.config.registration !== undefined,
      isIndexed: shown.indexing === 'allowed',
      ...errorsOf(['name', 'description', 'rules', 'contactEmail'], failed?.problems),
    },
    head: { robots: 'noindex' },
  });
}

export async function handleInstanceSettings(http: WebContext): Promise<void> {
  ownerOf(http);
  const form = await readForm(http);
  const typed = readInstance(form);
  const { registration, rules, ...rest } = typed;
  const lines = rules
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const { ctx } = http.state;
  try {
    // A choice the operator fixed is not in the form: what is stored stays for the day it is no longer fixed.
    await updateSettings(ctx, {
      ...rest,
      rules: lines,
      ...(ctx.config.registration === undefined && { registration }),
    });
    seeOther(http, readQuery(http).get('welcome') === 'yes' ? '/home' : '/settings/instance', 'saved');
  } catch (error) {
    showInstanceSettings(http, { typed, problems: problemsWith(http, error) });
  }
}

function readProfile(form: Form) {
  return {
    displayName: form.text('displayName'),
    summary: form.text('summary'),
    locked: form.isChecked('locked'),
    discoverable: form.isChecked('discoverable'),
    indexable: form.isChecked('indexable'),
    hidesNetwork: form.isChecked('hidesNetwork'),
  };
}

export function showProfileSettings(http: WebContext, failed?: Failed<ReturnType<typeof readProfile>>): void {
  const { account } = viewerOf(http);
  const { t } = http.state.visit;
  const values = failed?.typed ?? { ...account, summary: account.summarySource };
  showPage(http, {
    view: 'settings-profile',
    title: t.settings.profile,
    isRefused: failed !== undefined,
    data: {
      tabs: tabs(http),
      values: { displayName: values.displayName, summary: values.summary },
      choices: (['locked', 'discoverable', 'indexable', 'hidesNetwork'] as const).map((name) => ({
        name,
        label: t.settings[name],
        isChecked: values[name],
      })),
      ...errorsOf(['displayName', 'summary'], failed?.problems),
    },
    head: { robots: 'noindex' },
  });
}

export async function handleProfileSettings(http: WebContext): Promise<void> {
  const { account } = viewerOf(http);
  const typed = readProfile(await readForm(http));
  try {
    await updateProfile(http.state.ctx, account.id, typed);
    seeOther(http, '/settings', 'saved');
  } catch (error) {
    showProfileSettings(http, { typed, problems: problemsWith(http, error) });
  }
}

function tabs(http: WebContext) {
  const { t, viewer } = http.state.visit;
  const links = [{ label: t.settings.profile, href: '/settings' }];
  if (viewer && hasRole(viewer.user.role, 'owner'))
    links.push({ label: t.settings.instance, href: '/settings/instance' });
  return links.map((link) => ({ ...link, current: link.href === http.path ? 'page' : '' }));
}

/** @throws SignInFirst, NotAllowed */
function ownerOf(http: WebContext): void {
  if (!hasRole(viewerOf(http).user.role, 'owner')) throw new NotAllowed('Only the owner can change this');
}
