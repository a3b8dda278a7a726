// /docs: the API in the order in which it is used (register, find, keep, stop), with commands to paste, then every call as
// /openapi.json describes it.

import { render } from 'preact';
import { addressOf, failureText, get } from './api/http.ts';
import type { ServerIndex } from './api/shapes.ts';
import { CallView } from './docs/call-view.tsx';
import { type Chapter, chapters, isSecured } from './docs/chapters.ts';
import { type Call, callsOf, type Description } from './docs/description.ts';
import { Example } from './docs/example.tsx';
import { server } from './live/server.ts';
import { Panel, Trouble, Waiting } from './parts/bits.tsx';
import { ThemeButton } from './parts/theme-button.tsx';

function Docs({ description }: { readonly description: Description }) {
  const calls = callsOf(description);
  const base = addressOf('').href.replace(/\/$/, '');
  const parts = chapters(base, isSecured(description));
  return (
    <>
      <header class="top">
        <a class="brand" href="../console/">
          rollcall
        </a>
        <span class="muted">API {description.info.version}</span>
        <span class="push" />
        <ThemeButton />
      </header>
      <nav aria-label="Chapters">
        {parts.map(({ id, title }) => (
          <a key={id} href={`#${id}`}>
            {title}
          </a>
        ))}
        <a href="../console/">Console</a>
      </nav>
      <main>
        <h1>rollcall API</h1>
        <div class="prose">
          <p>
            JSON under <code>{base}/api/v1</code>. A service registers and renews its lease; whatever speaks DNS finds
            it. Errors are problem documents (RFC 9457) that list every fault of the request at once.
          </p>
          <p>
            The commands run as they are, in this order.{' '}
            {isSecured(description) && (
              <>
                This server needs a token: put it in the variable <code>ROLLCALL_TOKEN</code> first.
              </>
            )}{' '}
            The whole description is <a href="../openapi.json">openapi.json</a>.
          </p>
        </div>
        {parts.map((chapter) => (
          <ChapterView
            key={chapter.id}
            chapter={chapter}
            calls={chapter.calls.flatMap((id) => calls.find((call) => call.id === id) ?? [])}
          />
        ))}
        <Others calls={calls.filter(({ id }) => !parts.some((chapter) => chapter.calls.includes(id)))} />
      </main>
    </>
  );
}

function ChapterView({ chapter, calls }: { readonly chapter: Chapter; readonly calls: readonly Call[] }) {
  return (
    <div id={chapter.id}>
      <Panel title={chapter.title}>
        <p class="prose">{chapter.text}</p>
        {chapter.examples.map((example) => (
          <Example key={example} text={example} />
        ))}
        <div>
          {calls.map((call) => (
            <CallView key={call.id} call={call} />
          ))}
        </div>
      </Panel>
    </div>
  );
}

function Others({ calls }: { readonly calls: readonly Call[] }) {
  if (calls.length === 0) return null;
  return (
    <Panel title="Other calls">
      {calls.map((call) => (
        <CallView key={call.id} call={call} />
      ))}
    </Panel>
  );
}

const place = document.getElementById('app');
if (place !== null) {
  render(<Waiting />, place);
  const [description, index] = await Promise.all([get<Description>('openapi.json'), get<ServerIndex>('')]);
  if (index.kind === 'ok') server.value = index.value;
  render(
    description.kind === 'ok' ? <Docs description={description.value} /> : <Trouble text={failureText(description)} />,
    place,
  );
  // The chapter of the link exists only now.
  document.querySelector(location.hash === '' ? '#app' : location.hash)?.scrollIntoView();
}
