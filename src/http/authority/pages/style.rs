//! How the pages look.

/// The whole style sheet. System fonts and colours of its own with a contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3).
pub(super) const STYLE: &str = "\
:root{color-scheme:light dark;--back:#f3f4f6;--card:#fff;--text:#1b1f24;--soft:#57606a;--line:#8c959f;--main:#0b57a4;\
--on-main:#fff;--alert:#a40e26;--alert-back:#ffebe9}\
@media(prefers-color-scheme:dark){:root{--back:#0d1117;--card:#161b22;--text:#e6edf3;--soft:#9da7b3;--line:#6e7681;\
--main:#6cb6ff;--on-main:#0d1117;--alert:#ffb3ab;--alert-back:#3c1618}}\
*{box-sizing:border-box}\
body{margin:0;min-height:100vh;display:flex;flex-direction:column;align-items:center;justify-content:center;padding:1rem;\
background:var(--back);color:var(--text);font:1rem/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif}\
main{width:100%;max-width:26rem;background:var(--card);border-radius:.75rem;padding:clamp(1.25rem,6vw,2.5rem);\
box-shadow:0 1px 3px rgb(0 0 0/.2);overflow-wrap:anywhere}\
h1{margin:0 0 .5rem;font-size:1.5rem;line-height:1.25}\
p{margin:.75rem 0}\
.to{margin-top:0;color:var(--soft)}.to strong{color:var(--text)}\
.tenant,.note{color:var(--soft);font-size:.875rem}\
.alert{color:var(--alert);background:var(--alert-back);border-left:.25rem solid var(--alert);padding:.5rem .75rem;\
border-radius:.25rem}\
label{display:block;margin:1rem 0 .25rem;font-weight:600}\
label.check{display:flex;gap:.5rem;align-items:baseline;font-weight:400}\
input[type=text],input[type=password]{width:100%;padding:.625rem .75rem;font:inherit;color:inherit;background:var(--card);\
border:1px solid var(--line);border-radius:.375rem}\
input.code,strong.code{font-family:ui-monospace,monospace;letter-spacing:.1em}\
input.code{text-transform:uppercase;font-size:1.25rem}\
button{width:100%;margin-top:1.25rem;padding:.625rem 1rem;font:inherit;font-weight:600;color:var(--on-main);\
background:var(--main);border:1px solid var(--main);border-radius:.375rem;cursor:pointer}\
button.second{color:var(--main);background:transparent}\
.buttons{display:flex;gap:.75rem;flex-wrap:wrap;margin-top:1.25rem}.buttons button{flex:1 1 8rem;margin:0}\
:focus-visible{outline:3px solid var(--main);outline-offset:2px}\
ul{padding-left:1.25rem}li{margin:.5rem 0}\
code{font-size:.8125rem;color:var(--soft)}";
