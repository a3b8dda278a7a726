// A command to paste.

import { CopyButton } from '../parts/bits.tsx';

export function Example({ text }: { readonly text: string }) {
  return (
    <div class="with-copy">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
      <section class="code" tabIndex={0} aria-label="Command">
        <pre class="example">{text}</pre>
      </section>
      <CopyButton text={text} />
    </div>
  );
}
