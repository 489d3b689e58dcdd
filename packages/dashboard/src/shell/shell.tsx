import { type ReactNode, useEffect, useRef } from 'react';
import { Icon } from '../parts/icons.tsx';
import { useAddress } from '../routing/location.ts';
import { ConnectionBanner, ConnectionState } from './connection.tsx';
import { Nav } from './nav.tsx';
import { SchemeToggle } from './scheme-toggle.tsx';
import style from './shell.module.css';

/** Navigation beside (on a phone: below) the page, the connection always in sight. */
export function Shell({ children }: { readonly children: ReactNode }) {
  const { pathname } = useAddress();
  const main = useRef<HTMLElement>(null);
  const shown = useRef(pathname);
  useEffect(() => {
    if (shown.current === pathname) return;
    shown.current = pathname;
    window.scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [pathname]);
  return (
    <div className={style.shell}>
      <a className={style.skip} href="#main">
        Skip to the content
      </a>
      <div className={style.side}>
        <Brand />
        <Nav pathname={pathname} />
        <div className={style.foot}>
          <ConnectionState />
          <a href="/docs" className={style.docs}>
            <Icon name="book" /> API reference
          </a>
          <SchemeToggle />
        </div>
      </div>
      <main id="main" ref={main} tabIndex={-1} className={style.main}>
        <ConnectionBanner />
        {children}
      </main>
    </div>
  );
}

function Brand() {
  return (
    <div className={style.brand}>
      <img src="/murmuration.svg" alt="" width={26} height={26} />
      <span>Murmuration</span>
    </div>
  );
}
