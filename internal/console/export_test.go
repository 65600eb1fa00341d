package console

// Routes returns method and path of each route, with parameters in place of their names.
func Routes(parameters func(path string) string) [][2]string {
	var all [][2]string
	for _, r := range new(Console).routes() {
		all = append(all, [2]string{r.method, parameters(r.path.Pattern())})
	}
	return all
}
